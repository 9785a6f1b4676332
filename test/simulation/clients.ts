import { operationIdOf } from "../../functions/http/idempotency.ts";
import { type Answer, type Front, type Request } from "./http.ts";
import {
  blobId,
  createBody,
  demographicsPath,
  demographicsText,
  type Intent,
  type IntendedChange,
  statusPath,
  statusText,
} from "./intent.ts";
import { must, Violation } from "./model.ts";
import { issuer } from "./process.ts";
import type { Random } from "./random.ts";
import type { Trouble } from "./faults.ts";
import type { World } from "./world.ts";

/** What a client has seen of a record; it may be old. */
interface Seen {
  commit: string | undefined;
  readonly tags: Map<string, string>;
}

interface Client {
  readonly world: World;
  readonly random: Random;
  readonly token: string;
  readonly fronts: readonly { current(): Front }[];
  readonly seen: Map<string, Seen>;
  asked: number;
}

const paths = ["notes/a.md", "notes/A.md", "notes/b.md", "notes/deep/c.md", "documents/d.txt"] as const;
const contents = ["one\n", "two\n", "three\n", "", `${"a longer text that deflates. ".repeat(20)}\n`] as const;
const identifiers = ["1", "2", "3"] as const;

const tagOf = (tag: string | null): string | null => (tag === null ? null : `"${tag}"`);

const requestOf = (patientId: string, intent: Intent, random: Random): Omit<Request, "token"> => {
  const base = `/v1/patients/${patientId}`;
  const json = { "content-type": "application/json" };
  const wait: Record<string, string> = random.chance(0.4) ? { prefer: `wait=${random.below(20)}` } : {};
  if (intent.kind === "create") {
    return {
      method: "POST",
      path: "/v1/patients",
      headers: { ...json, ...wait },
      body: JSON.stringify(createBody(patientId, intent)),
    };
  }
  if (intent.kind === "changes") {
    const { expectedCommit, changes } = intent;
    const sent = changes.map(({ path, content, ifMatch }) =>
      Object.assign(
        content === null ? { delete: path } : { put: path, content },
        ifMatch === undefined ? {} : { ifMatch: tagOf(ifMatch) },
      ),
    );
    const body = { summary: "Change files", changes: sent, ...(expectedCommit !== undefined && { expectedCommit }) };
    return { method: "POST", path: `${base}/changes`, headers: { ...json, ...wait }, body: JSON.stringify(body) };
  }
  const { path, content, ifMatch } =
    intent.kind === "file"
      ? intent.change
      : { path: intent.kind === "status" ? statusPath : demographicsPath, ...intent };
  const guard: Record<string, string> = ifMatch === null ? { "if-none-match": "*" } : { "if-match": `"${ifMatch}"` };
  const url = `${base}/files/${path}`;
  if (content === null) return { method: "DELETE", path: url, headers: guard };
  const type = path.endsWith(".yaml") ? "application/yaml" : path.endsWith(".md") ? "text/markdown" : "text/plain";
  return { method: "PUT", path: url, headers: { ...guard, "content-type": type }, body: content };
};

const seenOf = ({ seen }: Client, patientId: string): Seen => {
  const found = seen.get(patientId) ?? { commit: undefined, tags: new Map<string, string>() };
  seen.set(patientId, found);
  return found;
};

const aTag = (random: Random): string => blobId(random.pick(contents));

const changeOf = (random: Random, path: string, { tags }: Seen): IntendedChange => {
  const tag = tags.get(path);
  const ifMatch = random.chance(0.1) ? aTag(random) : (tag ?? null);
  const content = ifMatch !== null && random.chance(0.2) ? null : random.pick(contents);
  return { path, content, ifMatch };
};

const managedIntent = (random: Random, patientId: string, { tags }: Seen): Intent | undefined => {
  if (random.chance(0.6)) {
    const ifMatch = tags.get(demographicsPath);
    const list = identifiers.filter(() => random.chance(0.3));
    const content = demographicsText(random.pick(["Doe", "Roe"]), list);
    return ifMatch === undefined ? undefined : { kind: "demographics", content, identifiers: list, ifMatch };
  }
  const ifMatch = tags.get(statusPath);
  const isOpen = ifMatch !== blobId(statusText(patientId, true)) || random.chance(0.3);
  return ifMatch === undefined
    ? undefined
    : { kind: "status", content: statusText(patientId, isOpen), isOpen, ifMatch };
};

const intentFor = (client: Client, patientId: string): Intent => {
  const { random } = client;
  const seen = seenOf(client, patientId);
  if (seen.commit === undefined ? random.chance(0.7) : random.chance(0.03)) {
    return { kind: "create", family: "Doe", identifiers: identifiers.filter(() => random.chance(0.2)) };
  }
  const managed = random.chance(0.15) ? managedIntent(random, patientId, seen) : undefined;
  if (managed !== undefined) return managed;
  if (random.chance(0.7)) return { kind: "file", change: changeOf(random, random.pick(paths), seen) };
  const some = paths.filter((path) => path !== "notes/A.md" && random.chance(0.4));
  const changes = (some.length === 0 ? [paths[0]] : some).map((path) => changeOf(random, path, seen));
  if (seen.commit === undefined || random.chance(0.5)) return { kind: "changes", changes };
  const free = changes.map(({ path, content }) => ({ path, content }));
  return { kind: "changes", expectedCommit: seen.commit, changes: free };
};

const ask = (client: Client, request: Omit<Request, "token">): Promise<Answer | undefined> =>
  client.random
    .pick(client.fronts)
    .current()
    .request({ ...request, token: client.token });

interface View {
  readonly id: string;
  readonly state: string;
  readonly commit: string | null;
  readonly etag: string | null;
  readonly problem: { readonly code: string } | null;
}

const unquoted = (tag: string | null): string | null => tag?.slice(1, -1) ?? null;

/** Takes an operation's view in; whether it is final. */
const tell = ({ world }: Client, { id, state, commit, etag, problem }: View): boolean => {
  world.model.told(id, { state, commit, etag: unquoted(etag), code: problem?.code ?? null });
  return state === "committed" || state === "rejected";
};

/** What an answer to a write means: final, accepted, or nothing (ask again). */
const takeIn = (client: Client, id: string, { status, body, askedAt }: Answer): "final" | "accepted" | "again" => {
  const { model } = client.world;
  if (status >= 500) {
    must(status === 503, `a client was answered ${status}`);
    return "again";
  }
  const said = JSON.parse(body) as View & { readonly code: string; readonly operationId?: string };
  if (status < 300) return tell(client, said) ? "final" : "accepted";
  if (said.operationId === undefined) {
    if (status === 429) return "again";
    client.world.count("refused at the door");
    model.refusedAtDoor(id, said.code, askedAt);
    return "final";
  }
  must(said.operationId === id, `a client was told of another operation than ${id}`);
  tell(client, { id, state: "rejected", commit: null, etag: null, problem: said });
  return "final";
};

const follow = async (client: Client, id: string): Promise<void> => {
  const { random, world } = client;
  for (let polls = random.below(8); polls > 0; polls -= 1) {
    const headers: Record<string, string> = random.chance(0.5) ? { prefer: `wait=${random.below(25)}` } : {};
    const answer = await ask(client, { method: "GET", path: `/v1/operations/${id}`, headers });
    if (answer?.status === 200) {
      if (tell(client, JSON.parse(answer.body) as View)) return;
    } else
      must(
        answer === undefined || answer.status === 503,
        `${id} was accepted, and asking for it gives ${answer?.status}`,
      );
    await world.scheduler.sleep(random.between(100, 10_000));
  }
};

const poisonFor = (world: World, random: Random): Trouble | undefined => {
  for (const kind of [
    "poison: an operation that makes our code throw",
    "poison: an operation that ends the process",
  ] as const)
    if (random.chance(0.1) && world.strikes(kind)) return kind;
  return undefined;
};

/** One write, asked for until its end is known, or until the client loses patience. */
const write = async (client: Client, patientId: string): Promise<void> => {
  const { world, random, token } = client;
  const intent = intentFor(client, patientId);
  const key = `key-${(client.asked += 1)}`;
  const id = operationIdOf({ issuer, subject: token, name: "", role: "" }, key);
  world.model.asked(id, patientId, intent);
  const poison = poisonFor(world, random);
  if (poison !== undefined) world.poison.set(id, { kind: poison, runs: 1 + random.below(9) });
  const request = requestOf(patientId, intent, random);
  const repeat = { ...request, headers: { ...request.headers, "idempotency-key": key } };
  world.note(() => `${token} asks for ${id}: ${JSON.stringify(intent)} of ${patientId}`);
  const once = async (): Promise<"final" | "accepted" | "again"> => {
    const answer = await ask(client, repeat);
    world.note(() => `${token} is answered ${answer?.status} ${answer?.body.slice(0, 300)} on ${id}`);
    return answer === undefined ? "again" : takeIn(client, id, answer);
  };
  for (let tries = 1 + random.below(8); tries > 0; tries -= 1) {
    const [end, twin] = await Promise.all([once(), random.chance(0.05) ? once() : "again"]);
    if (end === "final" || twin === "final") return;
    if (end === "accepted") return follow(client, id);
    world.count("request repeated with its key");
    await world.scheduler.sleep(random.between(10, 30_000) * random.next());
  }
};

const readFile = async (client: Client, patientId: string): Promise<void> => {
  const { world, random } = client;
  const path = random.pick([...paths, statusPath, demographicsPath]);
  const answer = await ask(client, { method: "GET", path: `/v1/patients/${patientId}/files/${path}` });
  if (answer === undefined || answer.status === 503) return;
  must(answer.status === 200 || answer.status === 404, `a read was answered ${answer.status}`);
  const content = answer.status === 200 ? answer.body : null;
  world.model.read(patientId, path, { from: answer.askedAt, content });
  const { tags } = seenOf(client, patientId);
  const tag = unquoted(answer.headers["etag"] ?? null);
  if (content === null || tag === null) return void tags.delete(path);
  must(tag === blobId(content), `${path} was read with another file's tag`);
  tags.set(path, tag);
};

const readRecord = async (client: Client, patientId: string): Promise<void> => {
  const answer = await ask(client, { method: "GET", path: `/v1/patients/${patientId}` });
  if (answer === undefined || answer.status === 503) return;
  must(answer.status === 200 || answer.status === 404, `a read was answered ${answer.status}`);
  const commit = unquoted(answer.headers["etag"] ?? null);
  client.world.model.readCommit(patientId, answer.askedAt, answer.status === 200 ? commit : null);
  const seen = seenOf(client, patientId);
  seen.tags.clear();
  seen.commit = commit ?? undefined;
  if (commit === null) return;
  const { files } = JSON.parse(answer.body) as { files: readonly { path: string; etag: string }[] };
  for (const { path, etag } of files) seen.tags.set(path, unquoted(etag) ?? "");
};

export interface Workload {
  readonly patients: readonly string[];
  readonly fronts: Client["fronts"];
  /** Longest pause between two requests of a client, ms. */
  readonly pauseMs: number;
}

/** A client that reads and writes, one thing at a time, while something is faulty. */
export const runClient = async (
  world: World,
  index: number,
  { patients, fronts, pauseMs }: Workload,
): Promise<void> => {
  const random = world.random.fork();
  const client: Client = { world, random, token: `user-${index}`, fronts, seen: new Map(), asked: 0 };
  try {
    for (let requests = 5 + random.below(26); world.faulty && requests > 0; requests -= 1) {
      const patientId = random.pick(patients);
      const dice = random.next();
      if (dice < 0.2) await readFile(client, patientId);
      else if (dice < 0.45) await readRecord(client, patientId);
      else await write(client, patientId);
      if (random.chance(0.6)) await world.scheduler.sleep(random.between(0, pauseMs));
    }
  } catch (cause) {
    world.scheduler.fail(cause);
  }
};

/** An operator: redrives what is parked, and dismisses some of it. */
export const runOperator = async (world: World, fronts: Client["fronts"], isOver: () => boolean): Promise<void> => {
  const random = world.random.fork();
  const client: Client = { world, random, token: "operator-1", fronts, seen: new Map(), asked: 0 };
  const post = (path: string, body?: object) =>
    ask(client, {
      method: "POST",
      path,
      ...(body !== undefined && { headers: { "content-type": "application/json" }, body: JSON.stringify(body) }),
    });
  while (!isOver()) {
    await world.scheduler.sleep(random.between(2_000, 30_000));
    const answer = await ask(client, { method: "GET", path: "/v1/operations?state=parked" });
    if (answer?.status !== 200) continue;
    const { items } = JSON.parse(answer.body) as { items: readonly { id: string; patientId: string }[] };
    const [parked] = items;
    if (parked === undefined) continue;
    const dice = random.next();
    const done =
      dice < 0.4
        ? await post("/v1/operations/redrive", { patientId: parked.patientId })
        : dice < 0.7
          ? await post(`/v1/operations/${parked.id}/redrive`)
          : await post(`/v1/operations/${parked.id}/dismiss`, { reason: "not needed" });
    if (done !== undefined && ![200, 202, 409, 503].includes(done.status))
      world.scheduler.fail(new Violation(`an operator was answered ${done.status}: ${done.body}`));
  }
};
