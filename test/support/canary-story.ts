import { randomUUID } from "node:crypto";
import { writePathDefaults } from "../../functions/config.ts";
import type { Dependencies } from "../../functions/dependencies.ts";
import { routes } from "../../functions/routes.ts";
import { sweep } from "../../functions/sweep.ts";
import type { Engine } from "../../shared/ports.ts";
import { canaries, leaksIn, outputOf, saidBy, secretsOf, type Found } from "./canary.ts";
import type { Reply, RequestOptions, Service } from "./service.ts";

const { content, summary, family, given, birthDate, identifier, path, search, reason } = canaries;

const demographics = {
  name: { family, given: [given] },
  birthDate,
  sex: "other",
  identifiers: [{ system: "urn:example:mrn", value: identifier }],
};

/** A change set that puts one more file. */
const changeSet = (name: string, ifMatch: string | null = null) => ({
  summary: `${summary} ${name}`,
  changes: [{ put: `notes/${path}-${name}.md`, content: `${content} ${name}\n`, ifMatch }],
});

/** Bodies that are refused, each with something private in it. */
const badBodies: readonly unknown[] = [
  `{"name":{"family":"${family}",${content}`,
  { ...demographics, [`${content} 1`]: content },
  { ...demographics, name: family, birthDate: `${birthDate}T${content}` },
  { summary, changes: [{ put: `../${path}.md`, content }] },
  { summary, changes: [{ put: `notes/${path}.md`, content, ifMatch: search }] },
  { name: 5, identifier, [`${search} 1`]: family },
  { reason: `${reason}\n${reason}` },
  { patientId: family },
];

const badHeaders = {
  "if-match": search,
  "if-none-match": search,
  prefer: `wait=${search}`,
  "content-type": `text/${search}`,
  traceparent: search,
};

interface Ids {
  readonly patientId: string;
  readonly operationId: string;
  readonly oid: string;
}

const addressOf = (route: string, ids: Ids, file = `notes/${path}.md`): string =>
  route
    .replace("{patientId}", ids.patientId)
    .replace("{operationId}", ids.operationId)
    .replace("{oid}", ids.oid)
    .replace("{proxy+}", file);

/** Every way of failing that a route has, with something private in each. */
const failing = (route: string, ids: Ids, tokens: Readonly<Record<"broken" | "scopeless" | "foreign", string>>) => {
  const at = addressOf(route, ids);
  const named = { patientId: family, operationId: content, oid: identifier };
  const options: readonly (readonly [string, RequestOptions])[] = [
    [at, { token: null }],
    ...Object.values(tokens).map((token) => [at, { token, body: demographics }] as const),
    ...badBodies.map((body) => [at, { body, key: `${canaries.key}-${randomUUID()}` }] as const),
    [at, { headers: badHeaders, body: content }],
    [`${at}?at=${search}&limit=${search}&after=${family}&name=${family}&state=${search}&service=${search}`, {}],
    [addressOf(route, named, `${path}/${content}.exe`), { body: { ...demographics, id: family } }],
    [`${at}/${content}/${family}`, {}],
  ];
  return options;
};

/** Asks every route in every way that fails, and in vain by other methods; gives what the answers say of themselves. */
const askInVain = async (service: Service, ids: Ids, caller: string) => {
  const good = await service.token({ name: caller });
  const tokens = {
    broken: `${good.slice(0, -12)}${"A".repeat(12)}`,
    scopeless: await service.token({ name: caller, scope: "nothing:here" }),
    foreign: await service.token({ name: caller, patients: [randomUUID()] }),
  };
  const said: Found[] = [];
  const statuses: number[] = [];
  for (const { method, path: route } of routes) {
    const ways = failing(route, ids, tokens).map(([at, options]) => [method, at, options] as const);
    for (const [verb, at, asked] of [...ways, ["PATCH", addressOf(route, ids), { body: demographics }] as const]) {
      const options = verb === "GET" ? { ...asked, body: undefined } : asked;
      const reply = await service.request(verb, at, { token: good, ...options });
      statuses.push(reply.status);
      said.push(...saidBy(`${verb} ${route}`, reply));
    }
  }
  return { said, statuses, tokens: [good, ...Object.values(tokens)] };
};

/** One service whose HTTP process accepts and nobody commits, then another on the same store; and the store, past the ports. */
export interface CanaryStage {
  readonly accepting: Service;
  startCommitting(): Promise<Service>;
  readonly engine: Engine;
  /** Every value that is stored, by table and column, but for the record itself. */
  rows(): Promise<readonly Found[]>;
  /** The messages in the queue. */
  messages(): Promise<readonly Found[]>;
  park(operationId: string): Promise<void>;
  /** Makes an operation's payload text that cannot be parsed; gives what puts it right again. */
  spoil(operationId: string, text: string): Promise<() => Promise<void>>;
}

const markdown = { "content-type": "text/markdown" };

/** A record, a note, and what comes to be refused, dismissed and redriven: nobody commits them yet. */
const writeAll = async (service: Service, patientId: string, token: string) => {
  const at = `/v1/patients/${patientId}`;
  const note = `${at}/files/notes/${path}.md`;
  const key = `${canaries.key}-${randomUUID()}`;
  const once = { token, headers: { ...markdown, "if-none-match": "*" }, body: `${content}\n` };
  const put = (name: string) => service.request("PUT", `${at}/files/notes/${path}-${name}.md`, once);
  const replies = {
    create: await service.request("POST", "/v1/patients", { token, body: { id: patientId, ...demographics } }),
    first: await service.request("PUT", note, { ...once, key }),
    second: await service.request("PUT", note, once),
    reused: await service.request("PUT", note, { ...once, key, body: `${content} other\n` }),
    dismissed: await put("dismissed"),
    redriven: await put("redriven"),
    early: await service.request("POST", `${at}/changes`, { token, body: changeSet("early") }),
  };
  return { note, replies };
};

interface Ends {
  readonly dismissed: string;
  readonly redriven: string;
}

/** Writes and reads of a record that is there: what succeeds, and what the record refuses. */
const useAll = async (service: Service, { patientId, token, note }: Written, { dismissed, redriven }: Ends) => {
  const at = `/v1/patients/${patientId}`;
  const ask = (method: string, where: string, asked: RequestOptions = {}) =>
    service.request(method, where, { token, ...asked, headers: { prefer: "wait=20", ...asked.headers } });
  const tagOf = async (where: string) => (await ask("GET", where)).headers.get("etag") ?? "";
  const early = `${at}/files/notes/${path}-early.md`;
  const [etag, earlyEtag, head] = [await tagOf(note), await tagOf(early), await tagOf(at)];
  const zero = "0".repeat(40);
  const stale = { ...markdown, "if-match": `"${zero}"`, prefer: "wait=20, return=representation" };
  const yaml = { "content-type": "application/yaml", "if-match": etag };
  const oid = head.slice(1, -1);
  const replies = {
    dismiss: await ask("POST", `/v1/operations/${dismissed}/dismiss`, { body: { reason } }),
    redrive: await ask("POST", `/v1/operations/${redriven}/redrive`),
    redriveAll: await ask("POST", "/v1/operations/redrive", { body: { patientId } }),
    again: await ask("POST", "/v1/patients", { body: { id: randomUUID(), ...demographics } }),
    stale: await ask("PUT", note, { headers: stale, body: `${content} stale\n` }),
    edited: await ask("PUT", note, { headers: { ...markdown, "if-match": etag }, body: `${content} new\n` }),
    staleSet: await ask("POST", `${at}/changes`, { body: changeSet("early") }),
    expecting: await ask("POST", `${at}/changes`, { body: { ...changeSet("late"), expectedCommit: zero } }),
    badYaml: await ask("PUT", `${at}/files/ehr_status.yaml`, { headers: yaml, body: `${content}: [${family}\n` }),
    history: await ask("GET", `${at}/commits?limit=1`),
    commit: await ask("GET", `${at}/commits/${oid}`),
    patients: await ask("GET", "/v1/patients?limit=1"),
    search: await ask("POST", "/v1/patients/search?limit=1", { body: { name: family } }),
    operations: await ask("GET", "/v1/operations?limit=1"),
    refs: await ask("GET", `/git/${patientId}.git/info/refs?service=git-upload-pack`),
    deleted: await ask("DELETE", early, { headers: { "if-match": earlyEtag } }),
  };
  return { replies, oid };
};

interface Written {
  readonly patientId: string;
  readonly token: string;
  readonly note: string;
}

const saidByAll = (replies: Readonly<Record<string, Reply>>): readonly Found[] =>
  Object.entries(replies).flatMap(([name, reply]) => saidBy(name, reply));

const statusesOf = (replies: Readonly<Record<string, Reply>>): readonly string[] =>
  Object.entries(replies).map(([name, { status }]) => `${name} ${status}`);

const settled = async (service: Service, operationId: string): Promise<string> => {
  const reply = await service.request("GET", `/v1/operations/${operationId}`, { headers: { prefer: "wait=25" } });
  return String(reply.json.state);
};

/** Sends canaries along every route, in good order and in vain, past a payload that cannot be read; tells where they turn up. */
export const canaryStory = async (stage: CanaryStage) => {
  const { accepting } = stage;
  const patientId = randomUUID();
  const caller = `Dr ${canaries.caller}`;
  const token = await accepting.token({ name: caller });
  const { note, replies: early } = await writeAll(accepting, patientId, token);
  const [dismissed, redriven] = [String(early.dismissed.json.id), String(early.redriven.json.id)];
  const messages = await stage.messages();
  for (const id of [dismissed, redriven]) await stage.park(id);
  // The parser's complaint quotes what does not begin like JSON.
  const mend = await stage.spoil(early.create.json.id, content);
  await using committing = await stage.startCommitting();
  const output = outputOf([accepting, committing]);
  await committing.logged(({ event }) => event === "group.retried");
  await mend();
  const states = [await settled(committing, early.second.json.id), await settled(committing, early.early.json.id)];
  const used = await useAll(committing, { patientId, token, note }, { dismissed, redriven });
  states.push(await settled(committing, redriven), await settled(committing, dismissed));
  const vain = await askInVain(committing, { patientId, operationId: redriven, oid: used.oid }, caller);
  const secrets = secretsOf([token, ...vain.tokens]);
  const leaks = (found: readonly Found[]) => leaksIn(found, secrets);
  const sent = Object.values(early).flatMap(({ status, json }) => (status === 202 ? [String(json.id)] : []));
  return {
    sent: sent.filter((id) => messages.some(({ text }) => text.includes(id))).length,
    messages: leaks(messages),
    states,
    refused: [...statusesOf(early), ...statusesOf(used.replies)].filter((line) => !/ 20[012]$/.test(line)),
    inVain: [...new Set(vain.statuses)].toSorted(),
    said: leaks([...saidByAll(early), ...saidByAll(used.replies), ...vain.said]),
    output: leaks(output()),
    lines: output().map(({ place, text }) => `${place} ${text.split("\n").length > 100 ? "many" : "few"}`),
    rows: await rowsLeft(stage, leaks),
  };
};

const minutesLater = () => Date.now() + 5 * 60_000;
const silent = () => undefined;

/** What is stored once the sweep, which finds what no drain was told of, has come by a few minutes later. */
const rowsLeft = async ({ engine, rows }: CanaryStage, leaks: (found: readonly Found[]) => readonly string[]) => {
  const config = { ...writePathDefaults, version: "0", baseUrl: "", issuers: [] };
  await sweep({ config, engine, now: minutesLater, log: silent } as Partial<Dependencies> as Dependencies);
  return leaks(await rows());
};

/** What the story tells where all is well: only paths are repeated, to the one who sent them. */
export const asItShould: Omit<Awaited<ReturnType<typeof canaryStory>>, "rows"> = {
  sent: 6,
  messages: [],
  states: ["rejected", "committed", "committed", "rejected"],
  refused: ["reused 422", "again 409", "stale 412", "staleSet 412", "expecting 412", "badYaml 422"],
  inVain: [200, 400, 401, 403, 404, 405, 409, 415, 428],
  said: ["deleted header location: path", "edited header location: path", "stale 412: path", "staleSet 412: path"],
  output: [],
  lines: ["stdout few", "stderr many"],
};
