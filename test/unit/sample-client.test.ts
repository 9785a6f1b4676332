import { once } from "node:events";
import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { describe, expect, test } from "vitest";
import { clinicClient } from "../../infra/local/sample/clinic-client.ts";
import { fillClinic } from "../../infra/local/sample/fill.ts";
import { progressBar } from "../../infra/local/sample/progress-bar.ts";
import type { SampleRequest } from "../../infra/local/sample/telling.ts";

const aRequest = (over: Partial<SampleRequest> = {}): SampleRequest => ({
  writer: 0,
  method: "PUT",
  path: "/v1/patients/p/files/notes/a.md",
  headers: { "content-type": "text/markdown", "if-none-match": "*", "idempotency-key": "k" },
  body: "text",
  ...over,
});

interface Scripted {
  readonly status: number;
  readonly headers?: Record<string, string>;
  readonly body?: unknown;
}

/** A server that gives these answers one after the other, and keeps what it was asked. */
const serving = async (answers: readonly Scripted[]) => {
  const asked: IncomingMessage[] = [];
  const server = createServer((request: IncomingMessage, response: ServerResponse) => {
    const { status, headers = {}, body = {} } = answers[Math.min(asked.length, answers.length - 1)]!;
    asked.push(request);
    request.resume();
    response.writeHead(status, headers).end(typeof body === "string" ? body : JSON.stringify(body));
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const signal = new AbortController().signal;
  return {
    asked,
    client: clinicClient({ url, tokens: ["t0", "t1"], signal, patienceMs: 60_000 }),
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, "close");
    },
  };
};

const operation = (state: string) => ({ id: "op", state });

describe("a request of the sample", () => {
  test.for([
    ["committed", { status: 201, body: operation("committed") }, "committed"],
    [
      "known already",
      { status: 200, headers: { "Idempotent-Replayed": "true" }, body: operation("committed") },
      "replayed",
    ],
    ["of an existing patient", { status: 409, body: { code: "patient-exists" } }, "left alone"],
    ["of a closed record", { status: 409, body: { code: "record-closed" } }, "left alone"],
    ["of a changed file", { status: 412, body: { code: "precondition-failed" } }, "left alone"],
  ] as const)("$0 counts as $2", async ([, answer, counted]) => {
    await using service = await serving([answer]);
    expect(await service.client.send(aRequest({ writer: 1 }))).toBe(counted);
    expect(service.asked[0]?.headers).toMatchObject({
      authorization: "Bearer t1",
      prefer: "wait=20",
      "idempotency-key": "k",
    });
  });

  test("accepted for later is looked at until it is settled", async () => {
    await using service = await serving([
      { status: 202, body: operation("queued") },
      { status: 200, body: operation("queued") },
      { status: 200, body: operation("committed") },
    ]);
    expect(await service.client.send(aRequest())).toBe("committed");
    expect(service.asked.map(({ method, url }) => `${method} ${url}`).slice(1)).toEqual([
      "GET /v1/operations/op",
      "GET /v1/operations/op",
    ]);
  });

  test.for([429, 503])("refused with %i is sent again when Retry-After is over", async (status) => {
    await using service = await serving([
      { status, headers: { "retry-after": "1" }, body: { code: "unavailable" } },
      { status: 201, body: operation("committed") },
    ]);
    const started = performance.now();
    expect(await service.client.send(aRequest())).toBe("committed");
    expect(performance.now() - started).toBeGreaterThan(950);
    expect(service.asked[1]?.headers["idempotency-key"]).toBe("k");
  });

  test.for([
    [
      "a refused token",
      { status: 401, body: { code: "unauthenticated", detail: "x" } },
      /refused the token.*CASENOTES_DATA/s,
    ],
    [
      "an unexpected refusal",
      { status: 422, body: { code: "invalid-record", detail: "why" } },
      /422 invalid-record why/,
    ],
    ["a parked operation", { status: 503, body: { code: "parked" } }, /503 parked/],
    ["another kind of server", { status: 200, body: "<html>" }, /not JSON/],
    [
      "a service that stays busy",
      { status: 503, headers: { "retry-after": "90" }, body: { code: "unavailable" } },
      /stays busy/,
    ],
  ] as const)("%s stops the run with its reason", async ([, answer, reason]) => {
    await using service = await serving([answer]);
    await expect(service.client.send(aRequest())).rejects.toThrow(reason);
  });

  test("an operation that finds the record changed leaves the patient alone", async () => {
    await using service = await serving([
      { status: 202, body: operation("queued") },
      { status: 200, body: { ...operation("rejected"), problem: { code: "precondition-failed" } } },
    ]);
    expect(await service.client.send(aRequest())).toBe("left alone");
  });

  test("an operation that ends badly stops the run", async () => {
    await using service = await serving([
      { status: 202, body: operation("queued") },
      { status: 200, body: operation("parked") },
    ]);
    await expect(service.client.send(aRequest())).rejects.toThrow("Operation op ended as parked.");
  });
});

describe("filling the clinic", () => {
  test("keeps the order of each patient and the bound on patients side by side", async () => {
    const open = new Map<string, number>();
    let most = 0;
    const seen: string[] = [];
    const send = async ({ path, headers, body }: SampleRequest) => {
      const patient = path === "/v1/patients" ? JSON.parse(body).id : path.split("/")[3]!;
      open.set(patient, (open.get(patient) ?? 0) + 1);
      expect(open.get(patient)).toBe(1);
      most = Math.max(most, open.size);
      await new Promise(setImmediate);
      open.delete(patient);
      seen.push(headers["idempotency-key"]!);
      return "committed" as const;
    };
    const notes: number[] = [];
    const filled = await fillClinic({ send }, { patients: 12, concurrency: 4, onProgress: (told) => notes.push(told) });
    expect(filled).toEqual({ committed: seen.length, replayed: 0, leftAlone: 0 });
    expect(most).toBe(4);
    expect(notes.at(-1)).toBe(12);
  });
});

const aStream = (isTTY: boolean) => {
  const written: string[] = [];
  return { stream: { isTTY, columns: 60, write: (text: string) => written.push(text) }, written };
};

test("a patient that belongs to others is left alone from there on", async () => {
  const sent: string[] = [];
  const send = async ({ path }: SampleRequest) => {
    sent.push(path);
    return path === "/v1/patients" ? ("left alone" as const) : ("committed" as const);
  };
  const filled = await fillClinic({ send }, { patients: 3, concurrency: 1, onProgress: () => {} });
  expect(filled).toEqual({ committed: 0, replayed: 0, leftAlone: 3 });
  expect(sent).toEqual(["/v1/patients", "/v1/patients", "/v1/patients"]);
});

describe("the progress bar", () => {
  test("draws on a terminal and cleans up", () => {
    const { stream, written } = aStream(true);
    const bar = progressBar(stream, 4);
    bar.show(2, "patients");
    bar.end();
    expect(written.join("")).toBe(`\r${"█".repeat(15)}${"░".repeat(15)} 2/4 patients\x1b[K\r\x1b[K`);
  });

  test("says nothing elsewhere", () => {
    const { stream, written } = aStream(false);
    const bar = progressBar(stream, 4);
    bar.show(4, "patients");
    bar.end();
    expect(written).toEqual([]);
  });
});
