import { isFault, Refusal } from "../shared/errors.ts";
import type { Operation, OperationState, PatientId } from "../shared/operation.ts";
import { audit } from "./audit.ts";
import type { Dependencies, VerifiedCaller } from "./dependencies.ts";

/** Refusal not-parked for an operation in any other state. */
export const notParked = ({ state }: Operation): Refusal =>
  new Refusal("not-parked", `Only a parked operation can be redriven or dismissed; this one is ${state}.`, { state });

const isRedriven = ({ state, attempt }: Operation): boolean => state === "queued" && attempt > 1;

const queuedAgain = async ({ engine }: Dependencies, before: Operation): Promise<Operation> => {
  if (isRedriven(before)) return before;
  if (before.state !== "parked") throw notParked(before);
  try {
    return await engine.operations.redrive(before.id);
  } catch (cause) {
    if (!isFault(cause, "operations-moved")) throw cause;
    const [now] = await engine.operations.get([before.id]);
    if (now?.state === "queued") return now;
    throw notParked(now ?? before);
  }
};

/**
 * Queues a parked operation again: row, then message. A repeat of a redrive that was cut off in between finds the row queued,
 * and sends it again. Throws Refusal not-parked.
 */
export const redriveOperation = async (
  deps: Dependencies,
  before: Operation,
  caller: VerifiedCaller,
): Promise<Operation> => {
  const operation = await queuedAgain(deps, before);
  const { id, patientId, attempt } = operation;
  await deps.engine.intake.send({ operationId: id, patientId, attempt });
  deps.hints.queued();
  deps.hints.settled([id]);
  audit(deps, "operation.redriven", { operation, caller });
  return operation;
};

/** Operations read at once. */
const pageSize = 100;

/** A patient's operations in this state, in the order of submission. */
const inOrder = async (
  { engine }: Dependencies,
  patientId: PatientId,
  state: OperationState,
): Promise<readonly Operation[]> => {
  const found: Operation[] = [];
  for (let after: string | undefined; ;) {
    const page = await engine.operations.list({
      patientId,
      state,
      limit: pageSize,
      ...(after !== undefined && { after }),
    });
    found.push(...page.items);
    if (page.next === undefined) return found.toReversed();
    after = page.next;
  }
};

/**
 * Redrives all of a patient's parked operations, one after the other in the order of submission; before them, sends those
 * again that a redrive which was cut off left queued, so that none overtakes them. Gives what it queued. An operation
 * that another operator dismissed meanwhile is left out.
 */
export const redrivePatient = async (
  deps: Dependencies,
  patientId: PatientId,
  caller: VerifiedCaller,
): Promise<readonly Operation[]> => {
  const queued = await inOrder(deps, patientId, "queued");
  const parked = await inOrder(deps, patientId, "parked");
  const redriven: Operation[] = [];
  for (const operation of [...queued.filter(isRedriven), ...parked]) {
    try {
      redriven.push(await redriveOperation(deps, operation, caller));
    } catch (cause) {
      if (!(cause instanceof Refusal && cause.code === "not-parked")) throw cause;
    }
  }
  return redriven;
};
