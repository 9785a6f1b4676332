import { Refusal } from "../../shared/errors.ts";
import type { Oid } from "../../shared/git/oid.ts";
import { decide } from "../../shared/record/decide.ts";
import { staleFile, staleFiles } from "../../shared/record/preconditions.ts";
import { changedSince } from "../changed-since.ts";
import type { Dependencies, VerifiedCaller } from "../dependencies.ts";
import type { RecordVersion } from "../record-reader.ts";
import type { LastWrites } from "./last-writes.ts";
import { noSuchPatient } from "./problem-result.ts";
import type { WriteRequest } from "./write-request.ts";

/** A write that is about to be accepted. */
export interface Candidate {
  readonly operationId: string;
  readonly patientId: string;
  readonly caller: VerifiedCaller;
  readonly write: WriteRequest;
  /** Operations of this patient that are queued. */
  readonly open: number;
}

/** Refuses at the door what the commit would refuse for certain; what may change until then, the commit decides. */
export const checkDoor = async (deps: Dependencies, candidate: Candidate, last: LastWrites): Promise<void> => {
  const { patientId, write } = candidate;
  if (write.commandType === "CreatePatient") return checkCreate(deps, write.newPatientId);
  if (await followsLastWrite(deps, candidate, last)) return;
  const version = await deps.records.current(patientId);
  if (version !== undefined) return checkAgainst(deps, version, candidate);
  if (await isBeingCreated(deps, candidate)) {
    if (write.unmatchable !== null) throw staleFile(write.unmatchable, undefined);
    return;
  }
  // The create may have been committed between the two reads.
  const late = await deps.records.current(patientId);
  if (late === undefined) throw noSuchPatient();
  await checkAgainst(deps, late, candidate);
};

/** Whether the write's tag is that of its file at the head, by what is remembered: then nothing else can be wrong with it. */
const followsLastWrite = async (
  { engine }: Dependencies,
  { patientId, write: { path, expects } }: Candidate,
  last: LastWrites,
): Promise<boolean> => {
  const known = path === null ? undefined : last.of(patientId);
  if (known === undefined || known.path !== path || known.tag !== expects) return false;
  return (await engine.heads.read(patientId))?.commit === known.commit;
};

const checkCreate = async ({ engine }: Dependencies, id: string | undefined): Promise<void> => {
  if (id === undefined) return;
  const head = await engine.heads.read(id);
  if (head !== undefined && head.commit !== null)
    throw new Refusal("patient-exists", `Patient ${id} exists. Choose another id.`);
};

/** An open operation that creates the patient: then a client sent create and first changes in one go. */
const isBeingCreated = async ({ engine, config }: Dependencies, { patientId, open }: Candidate): Promise<boolean> => {
  if (open === 0) return false;
  const { items } = await engine.operations.list({ patientId, state: "queued", limit: config.openPerPatient });
  return items.some(({ command }) => command === "CreatePatient");
};

const checkAgainst = async (
  deps: Dependencies,
  { tree, commit }: RecordVersion,
  candidate: Candidate,
): Promise<void> => {
  const { write, patientId, operationId, caller, open } = candidate;
  const { command, unmatchable, path } = write;
  if (unmatchable !== null)
    throw path === null ? staleFiles([unmatchable], commit) : staleFile(path, tree.file(path)?.oid);
  if (command === null) throw new Error("a command is missing without a reason");
  const now = new Date(deps.now()).toISOString();
  const since = await changedSince(deps.records, { patientId, commit, tree }, [command]);
  const record = { tree, commit, packBytes: 0, changedSince: (expected: Oid) => since(expected, tree) };
  const refusal = decide(record, command, { patientId, operationId, caller, submittedAt: now, now });
  if (!(refusal instanceof Refusal)) return;
  // What is queued before it may still clear the way, but not bring back a tag or a commit that is gone.
  if (open === 0 || refusal.code === "precondition-failed") throw refusal;
};
