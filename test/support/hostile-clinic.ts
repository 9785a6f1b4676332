import { randomUUID } from "node:crypto";
import { parkedOutcome } from "../../functions/parked-outcome.ts";
import type { HostileEdge, WireRequest } from "./hostile-edge.ts";
import type { Draft } from "./hostile-requests.ts";
import { aNote, aPatient, aPatientBody } from "./http-edge.ts";

const tokensOf = async ({ token }: HostileEdge): Promise<Readonly<Record<string, string>>> => {
  const full = await token();
  const basic = Buffer.from(`anyone:${full}`).toString("base64");
  return {
    ":token": `Bearer ${full}`,
    ":foreign": `Bearer ${await token({ patients: [randomUUID()] })}`,
    ":scopeless": `Bearer ${await token({ scope: "" })}`,
    ":reader": `Bearer ${await token({ scope: "record:read" })}`,
    ":writer": `Bearer ${await token({ scope: "record:write", subject: "user-2" })}`,
    ":operator": `Bearer ${await token({ scope: "ops:read ops:redrive operation:read" })}`,
    ":nobody": `Bearer ${await token({ role: "nobody", scope: null })}`,
    ":basic": `Basic ${basic}`,
  };
};

const placeholder =
  /:(?:token|foreign|scopeless|reader|writer|operator|nobody|basic|patient|other|unknown|operation|parked|commit|cursor|tag|new|fresh|key)/g;

/** What is stored while hostile requests come, and the values that make a request of a draft. */
export const aHostileClinic = async (edge: HostileEdge) => {
  const patient = await aPatient(edge);
  const other = await aPatient(edge, { identifiers: [{ system: "urn:example:mrn", value: "1" }] });
  for (const path of ["notes/a.md", "notes/b.md"]) await aNote(edge, patient, path);
  const [{ id: operation }] = (await edge.call("GET", "/v1/operations")).json.items;
  const { next: cursor } = (await edge.call("GET", "/v1/patients?limit=1")).json;
  const tokens = await tokensOf(edge);
  const known = new Map(
    Object.entries({ ...tokens, ":patient": patient, ":other": other, ":operation": operation, ":cursor": cursor }),
  );
  const fresh: Readonly<Record<string, () => string>> = {
    ":fresh": () => `notes/f-${randomUUID()}.md`,
    ":new": randomUUID,
    ":key": randomUUID,
    ":unknown": randomUUID,
  };
  const valueOf = (name: string): string => known.get(name) ?? fresh[name]?.() ?? name;
  const fill = (text: string): string => text.replaceAll(placeholder, valueOf);
  const fillBody = (body: Uint8Array): Uint8Array => {
    const text = Buffer.from(body).toString("latin1");
    return Buffer.from(
      text.replaceAll(":tag", valueOf(":tag").replaceAll('"', '\\"')).replaceAll(placeholder, valueOf),
      "latin1",
    );
  };
  /** Commits what is queued, and reads anew what a later request names. */
  const settle = async (): Promise<void> => {
    await edge.work();
    known.set(":commit", (await edge.call("GET", `/v1/patients/${patient}`)).json.commit);
    const note = `/v1/patients/${patient}/files/notes/a.md`;
    const { status, headers } = await edge.call("GET", note);
    known.set(":tag", status === 200 ? headers["etag"]! : await aNote(edge, patient));
  };
  /** Sets an operation aside, for those that redrive or dismiss one. */
  const park = async (): Promise<void> => {
    const { id } = (await edge.call("POST", "/v1/patients", { body: aPatientBody() })).json;
    await edge.deps.engine.operations.park(parkedOutcome({ operationId: id, attempt: 1 }, "tries", Date.now()));
    known.set(":parked", id);
  };
  await settle();
  await park();
  const requestOf = ({ method, path, query, headers, body }: Draft): WireRequest => {
    const search = query.map(([name, value]) => `${name}=${fill(value)}`).join("&");
    return {
      method,
      target: fill(path) + (search === "" ? "" : `?${search}`),
      headers: headers.map(([name, value]) => [name, fill(value)] as const),
      body: fillBody(body),
    };
  };
  return { patient, settle, park, requestOf };
};
