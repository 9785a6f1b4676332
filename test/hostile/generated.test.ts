import * as fc from "fast-check";
import { afterAll, beforeAll, expect, test } from "vitest";
import { faultOf, readContract, type Contract } from "../support/hostile-contract.ts";
import { aHostileClinic } from "../support/hostile-clinic.ts";
import { aHostileEdge, type HostileEdge, type WireAnswer, type WireRequest } from "../support/hostile-edge.ts";
import { gitFolder } from "../support/git-server.ts";
import { mutationNames } from "../support/hostile-mutations.ts";
import { hostileDraft, type Draft } from "../support/hostile-requests.ts";

/** HOSTILE_SEED replays a run; HOSTILE_RUNS makes it longer. */
const seed = Number(process.env["HOSTILE_SEED"] ?? Math.floor(Math.random() * 2 ** 31));
const direct = Number(process.env["HOSTILE_RUNS"] ?? 18_000);
const bySocket = Math.ceil(direct / 8);
const timeout = 240_000;

let edge: HostileEdge;
let contract: Contract;
let clinic: Awaited<ReturnType<typeof aHostileClinic>>;
beforeAll(async () => {
  edge = await aHostileEdge();
  contract = readContract((await edge.call("GET", "/openapi.json")).text);
  clinic = await aHostileClinic(edge);
});
afterAll(() => edge[Symbol.asyncDispose]());

/** Statuses by operation, and how often each operation and each way of spoiling one was sent. */
const statuses = new Map<string, Set<number>>();
const sent = new Map<string, number>();
let accepted = 0;

const note = ({ operation, mutations }: Draft, { status }: WireAnswer): void => {
  statuses.set(operation, (statuses.get(operation) ?? new Set()).add(status));
  for (const name of [operation, ...mutations]) sent.set(name, (sent.get(name) ?? 0) + 1);
};

/** For the report of a failure: what was wrong, the request and its answer. */
const told = (wrong: string, request: WireRequest, { status, body }: WireAnswer): string => {
  const sentBody = Buffer.from(request.body).toString("latin1");
  return `${wrong}: ${JSON.stringify({ ...request, body: sentBody, status, answer: body.toString("latin1") }).slice(0, 3_000)}`;
};

type Send = (request: WireRequest) => Promise<WireAnswer>;

/** Sends a request; gives what is wrong with the answer, or with what the store holds after it. */
const complaintAbout = async (draft: Draft, send: Send): Promise<string | undefined> => {
  const request = clinic.requestOf(draft);
  const before = edge.written();
  const answer = await send(request);
  const wrote = edge.written() > before;
  note(draft, answer);
  const fault = faultOf(contract, request, answer);
  if (fault !== undefined) return told(`the answer ${fault}`, request, answer);
  if (!wrote) return undefined;
  if (answer.status >= 300 || request.method === "GET") return told("a refused request was stored", request, answer);
  accepted += 1;
  if (accepted % 20 === 0) await clinic.settle();
  if (/\/(?:redrive|dismiss)/.test(request.target)) await clinic.park();
  return undefined;
};

const directly: Send = (request) => edge.callDirectly(request);

const throughSocket: Send = async (request) => {
  const { answers, rest } = await edge.callBySocket(request);
  const [answer] = answers;
  if (answer === undefined || answers.length > 1 || rest.length > 0)
    throw new Error(`${answers.length} answers and ${rest.length} stray bytes to ${JSON.stringify(request)}`);
  return answer;
};

test(
  `${direct} generated requests are answered as the contract says, and refused ones store nothing (HOSTILE_SEED=${seed})`,
  { timeout },
  () =>
    fc.assert(
      fc.asyncProperty(hostileDraft(contract), async (draft) => {
        expect(await complaintAbout(draft, directly)).toBeUndefined();
      }),
      { seed, numRuns: direct },
    ),
);

test(`${bySocket} generated requests through sockets get one answer each (HOSTILE_SEED=${seed})`, { timeout }, () => {
  // An answer to HEAD tells a length that does not follow: the reader of answers would wait for it.
  const drafts = hostileDraft(contract).filter(({ method }) => method !== "HEAD");
  return fc.assert(
    fc.asyncProperty(drafts, async (draft) => {
      expect(await complaintAbout(draft, throughSocket)).toBeUndefined();
    }),
    { seed: seed + 1, numRuns: bySocket },
  );
});

test("every operation and every way of spoiling one was tried, with success and without", () => {
  for (const name of mutationNames) expect.soft(sent.get(name), name).toBeGreaterThan(direct / 200);
  for (const { method, path, answers } of contract.operations) {
    const operation = `${method} ${path}`;
    expect.soft(sent.get(operation), operation).toBeGreaterThan(direct / 40);
    const seen = [...(statuses.get(operation) ?? [])];
    const canSucceed = [...answers.keys()].some((status) => status < 300);
    expect
      .soft(
        seen.some((status) => status < 300),
        operation,
      )
      .toBe(canSucceed);
    expect
      .soft(
        seen.some((status) => status >= 400),
        operation,
      )
      .toBe(true);
  }
  expect(accepted).toBeGreaterThan(direct / 100);
  const faults = edge.lines.filter(({ event }) => event === "request.failed" || event === "unexpected-throw");
  expect(faults).toEqual([]);
});

test("what was accepted of them is committed, and a clone of it passes fsck --strict", async () => {
  await clinic.settle();
  const { items } = (await edge.call("GET", "/v1/operations?state=queued")).json;
  expect(items).toEqual([]);
  await using client = await gitFolder();
  const header = `http.extraHeader=Authorization: Bearer ${await edge.token()}`;
  await client.git("-c", header, "clone", "-q", `${edge.origin}/git/${clinic.patient}.git`, "r");
  expect(await client.git("-C", "r", "fsck", "--strict", "--no-progress")).toBe("");
  const commits = Number(await client.git("-C", "r", "rev-list", "--count", "HEAD"));
  expect(commits).toBeGreaterThan(10);
  expect(commits).toBe((await edge.call("GET", `/v1/patients/${clinic.patient}`)).json.commits);
});
