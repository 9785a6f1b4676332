import { randomUUID } from "node:crypto";
import type { Dependencies, VerifiedCaller } from "../../functions/dependencies.ts";
import { Refusal } from "../../shared/errors.ts";
import { buildBatch } from "../../shared/git/build-batch.ts";
import { loadState } from "../../shared/git/state.ts";
import type { Engine } from "../../shared/ports.ts";
import { aCaller, aSettlement } from "./an-operation.ts";
import { aDraft, changesOf } from "./stored-record.ts";

export const aVerifiedCaller = (over: Partial<VerifiedCaller> = {}): VerifiedCaller => ({
  ...aCaller,
  scopes: new Set(["record:read"]),
  patients: null,
  ...over,
});

interface LoggedLine {
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** What git, compact and collect need, on a real engine; a token is whatever `callers` knows. */
export const dependenciesOn = (engine: Engine, callers: Readonly<Record<string, VerifiedCaller>> = {}) => {
  const lines: LoggedLine[] = [];
  const deps = {
    engine,
    tokens: {
      verify: async (token: string) => {
        const caller = callers[token];
        if (caller === undefined) throw new Refusal("unauthenticated", "The token is not known.");
        return caller;
      },
    },
    log: (_, event, fields = {}) => {
      lines.push({ event, fields });
    },
    now: Date.now,
    newId: randomUUID,
    random: Math.random,
    reach: () => undefined,
  } as Partial<Dependencies> as Dependencies;
  return { deps, lines };
};

/** One commit by the writer's own code, through the engine's ports. Gives its id. */
export const commitTo = async (
  engine: Engine,
  patientId: string,
  files: Readonly<Record<string, string | null>>,
): Promise<string> => {
  const head = await engine.heads.acquire(patientId, randomUUID());
  const state = await loadState(head, (id, range) => engine.segments.get(patientId, id, range));
  const { limits } = engine;
  const { epoch } = head;
  const random = randomUUID().slice(0, 6);
  const batch = buildBatch({ state, head, drafts: [aDraft(changesOf(files))], epoch, random, limits });
  await engine.segments.put(patientId, batch.segment.id, batch.segment.bytes);
  const commit = batch.commits.at(-1)!;
  const { packs, replaced } = batch;
  const move = { commit, commits: head.commits + 1, packs, replaced, updatedAt: "2026-11-21T09:00:01.000Z" };
  await engine.heads.settle(aSettlement(patientId, { expected: head.commit, epoch, head: move }));
  if (batch.sealDeletes.length > 0) await engine.segments.delete(patientId, batch.sealDeletes);
  return commit;
};
