import { createHash, randomUUID } from "node:crypto";
import type { Compaction, Effect, HeadMove, Settlement, Summary } from "../../shared/head.ts";
import type { PackEntry } from "../../shared/git/pack-map.ts";
import type { Operation, OperationMessage, Outcome } from "../../shared/operation.ts";
import type { Engine, Submission } from "../../shared/ports.ts";

export const aPatientId = (): string => randomUUID();

export const anOid = (text: string = randomUUID()): string => createHash("sha1").update(text).digest("hex");

const aTime = "2026-11-21T09:00:00.000Z";

export const aCaller = { issuer: "https://issuer.test", subject: "user-1", name: "A Clinician", role: "clinician" };

export const anOperation = (over: Partial<Operation> = {}): Operation => ({
  id: randomUUID(),
  patientId: aPatientId(),
  command: "PutFiles",
  caller: aCaller,
  requestHash: createHash("sha256").update("request").digest("hex"),
  state: "queued",
  attempt: 1,
  tries: 0,
  version: 1,
  submittedAt: aTime,
  settledAt: null,
  commit: null,
  resource: null,
  etag: null,
  problem: null,
  ...over,
});

export const aSubmission = (over: Partial<Operation> = {}): Submission => ({
  operation: anOperation(over),
  payload: Buffer.from(`{"type":"PutFiles"}`),
});

export const messageOf = ({ id, patientId, attempt }: Operation): OperationMessage => ({
  operationId: id,
  patientId,
  attempt,
});

export const anOutcome = (operation: Operation, over: Partial<Outcome> = {}): Outcome => ({
  operationId: operation.id,
  attempt: operation.attempt,
  state: "committed",
  settledAt: "2026-11-21T09:00:01.000Z",
  commit: anOid("commit"),
  resource: `/v1/patients/${operation.patientId}/files/notes/a.md`,
  etag: anOid("blob"),
  problem: null,
  ...over,
});

export const aPack = (over: Partial<PackEntry> = {}): PackEntry => ({
  first: 0,
  pack: 900,
  snapshot: 80,
  footer: 60,
  sealed: false,
  ...over,
});

export const aHeadMove = (over: Partial<HeadMove> = {}): HeadMove => ({
  commit: anOid("commit"),
  commits: 1,
  packs: { put: { "000000w1-a": aPack() }, remove: [] },
  replaced: [],
  updatedAt: "2026-11-21T09:00:01.000Z",
  ...over,
});

export const aSummary = (patientId: string, over: Partial<Summary> = {}): Summary => ({
  patientId,
  commit: anOid("commit"),
  commits: 1,
  updatedAt: "2026-11-21T09:00:01.000Z",
  name: { family: "Doe", given: ["Sample"] },
  normalisedFamily: "doe",
  birthDate: "1990-04-02",
  sex: "female",
  identifiers: [],
  ...over,
});

export const anEffect = (patientId: string, over: Partial<Effect> = {}): Effect => ({
  id: `${randomUUID()}#log`,
  kind: "log",
  patientId,
  body: { operationId: randomUUID() },
  ...over,
});

export const aSettlement = (patientId: string, over: Partial<Settlement> = {}): Settlement => ({
  patientId,
  expected: null,
  epoch: 1,
  head: aHeadMove(),
  outcomes: [],
  identifiers: { claim: [], release: [] },
  summary: null,
  summaryChanged: true,
  effects: [],
  ...over,
});

export const aCompaction = (patientId: string, over: Partial<Compaction> = {}): Compaction => ({
  patientId,
  generation: 0,
  packs: { put: {}, remove: [] },
  effects: [],
  ...over,
});

/** A queued operation, stored. */
export const submitted = async (engine: Engine, over: Partial<Operation> = {}): Promise<Operation> => {
  const { operation } = await engine.intake.submit(aSubmission(over));
  return operation;
};

/** A patient under our lease with one commit settled, its lease taken again: epoch 2. */
export const aLeasedRecord = async (engine: Engine, over: Partial<HeadMove> = {}): Promise<string> => {
  const patientId = aPatientId();
  await engine.heads.acquire(patientId, "writer-1");
  await engine.heads.settle(aSettlement(patientId, { head: aHeadMove({ commit: anOid("first"), ...over }) }));
  await engine.heads.acquire(patientId, "writer-2");
  return patientId;
};
