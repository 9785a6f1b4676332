import { Refusal } from "../../shared/errors.ts";
import type { Operation } from "../../shared/operation.ts";
import { mayAccess } from "../access.ts";
import type { Dependencies } from "../dependencies.ts";
import { answerWrite, awaitOutcome } from "./answer-write.ts";
import { refusedWithCurrent } from "./current-content.ts";
import { checkDoor, type Candidate } from "./door.ts";
import type { HttpRequest, HttpResult } from "./exchange.ts";
import { operationIdOf } from "./idempotency.ts";
import { lastWrites, type LastWrites } from "./last-writes.ts";
import { noSuchPatient } from "./problem-result.ts";
import { type Turn, type Turnstile, turnstile } from "./turnstile.ts";
import type { WriteRequest } from "./write-request.ts";

/**
 * A write whose caller is known and whose request is parsed: replay, admission, preconditions at the door, then payload,
 * row and message; answers 202, or the outcome when it comes in the time that the client waits.
 */
export const acceptWrite = (deps: Dependencies) => {
  const files = turnstile();
  const last = lastWrites();
  return async (asked: HttpRequest<WriteRequest>): Promise<HttpResult> => {
    const request = cutWait(asked, deps.config.mostWriteWaitS);
    const { caller, input: write, params } = request;
    const operationId = operationIdOf(caller, write.key);
    const patientId = params["patientId"] ?? write.newPatientId ?? deps.newId();
    if (!mayAccess(caller, patientId, "write")) throw notAmongPatients();
    const { operations } = deps.engine;
    const [[known], open] = await Promise.all([
      operations.get([operationId]),
      operations.countQueued(patientId, deps.config.openPerPatient),
    ]);
    if (known !== undefined) return replay(deps, request, known);
    const candidate: Arrival = { operationId, patientId, caller, write, open, last };
    const refused = await refusedAtDoor(deps, request, candidate);
    if (refused !== undefined) return refused;
    const turn = await enterTurnstile(files, request, patientId);
    let isRefused = true;
    try {
      const late = turn?.waited === true ? await refusedAtDoor(deps, request, candidate) : undefined;
      if (late !== undefined) return late;
      isRefused = false;
      return await submitAndAnswer(deps, request, candidate);
    } finally {
      await turn?.leave(isRefused);
    }
  };
};

/** The request with a wait of at most so many seconds: the same write, for the wait is no part of its hash. */
const cutWait = (request: HttpRequest<WriteRequest>, mostS: number): HttpRequest<WriteRequest> => {
  const { prefer } = request.input;
  if (prefer.wait === undefined || prefer.wait <= mostS) return request;
  return { ...request, input: { ...request.input, prefer: { ...prefer, wait: mostS } } };
};

/** Said of a create, which names its patient in the body: the same whether that patient exists or not. */
const notAmongPatients = (): Refusal =>
  new Refusal(
    "not-found",
    "This token may only write to the patients that it names. Give the id of one of them to create its record.",
  );

/** A candidate, and what the writes before it left. */
interface Arrival extends Candidate {
  readonly last: LastWrites;
}

/** Longest wait for a turn at a file, ms. */
const mostPatienceMs = 2_000;

/** A turn at the file, for a guarded write of one file that waits for its outcome anyway. */
const enterTurnstile = async (
  files: Turnstile,
  { input: { path, prefer, command }, invocation }: HttpRequest<WriteRequest>,
  patientId: string,
): Promise<Turn | undefined> => {
  const waitMs = (prefer.wait ?? 0) * 1_000;
  if (path === null || command === null || waitMs === 0) return undefined;
  return files.enter(`${patientId}/${path}`, Math.min(waitMs / 2, mostPatienceMs), invocation.signal);
};

/** Undefined when nothing speaks against the write; a replay when its twin came first. Throws the Refusal otherwise. */
const refusedAtDoor = async (
  deps: Dependencies,
  request: HttpRequest<WriteRequest>,
  candidate: Arrival,
): Promise<HttpResult | undefined> => {
  const { operationId, patientId, write, open, last } = candidate;
  try {
    admit(deps, open);
    await checkDoor(deps, candidate, last);
    return undefined;
  } catch (cause) {
    if (!(cause instanceof Refusal)) throw cause;
    const [twin] = await deps.engine.operations.get([operationId]);
    if (twin !== undefined) return replay(deps, request, twin);
    throw await refusedWithCurrent(deps, cause, { patientId, write });
  }
};

const submitAndAnswer = async (
  deps: Dependencies,
  request: HttpRequest<WriteRequest>,
  candidate: Arrival,
): Promise<HttpResult> => {
  const { operation, created } = await deps.engine.intake.submit({
    operation: newOperation(deps, candidate),
    payload: Buffer.from(JSON.stringify(candidate.write.command)),
  });
  if (!created) return replay(deps, request, operation);
  deps.hints.queued();
  const outcome = await awaitOutcome(deps, request, operation);
  candidate.last.remember(outcome, candidate.write.path);
  return answerWrite(deps, request, { operation: outcome, replayed: false });
};

const admit = ({ config }: Dependencies, open: number): void => {
  if (open >= config.openPerPatient)
    throw new Refusal("too-many-operations", `This patient has ${open} open operations. Wait for some of them to end.`);
};

const newOperation = (deps: Dependencies, { operationId, patientId, caller, write }: Candidate): Operation => ({
  id: operationId,
  patientId,
  command: write.commandType,
  caller: { issuer: caller.issuer, subject: caller.subject, name: caller.name, role: caller.role },
  requestHash: write.requestHash,
  state: "queued",
  attempt: 1,
  tries: 0,
  version: 1,
  submittedAt: new Date(deps.now()).toISOString(),
  settledAt: null,
  commit: null,
  resource: null,
  etag: null,
  problem: null,
});

/** The answer to a repeat: the outcome of the first. A queued one is sent again: its message may never have been. */
const replay = async (
  deps: Dependencies,
  request: HttpRequest<WriteRequest>,
  operation: Operation,
): Promise<HttpResult> => {
  if (!mayAccess(request.caller, operation.patientId, "write")) throw noSuchPatient();
  if (operation.requestHash !== request.input.requestHash)
    throw new Refusal("idempotency-key-reused", "This Idempotency-Key was used for another request. Choose a new one.");
  if (operation.state === "queued") {
    const { id, patientId, attempt } = operation;
    await deps.engine.intake.send({ operationId: id, patientId, attempt });
    deps.hints.queued();
  }
  return answerWrite(deps, request, { operation: await awaitOutcome(deps, request, operation), replayed: true });
};
