import { Fault } from "../shared/errors.ts";
import type { OperationMessage } from "../shared/operation.ts";
import type { Dependencies } from "./dependencies.ts";
import { throwFields } from "./throw-fields.ts";

/** One receipt of one message. */
export interface Delivery {
  readonly message: OperationMessage;
  readonly messageId: string;
  readonly receipt: string;
  /** 1 on first receipt. */
  readonly receiveCount: number;
}

const longestDelayS = 60;

/**
 * Hides a group's unfinished messages for min(60, 2ⁿ) s with jitter, n = receive count of the first: one delay for the
 * group, in one call, so that their order stands. Never throws: without the delay they are hidden for the whole
 * visibility time-out, which is only slower.
 */
export const retryLater = async (deps: Dependencies, group: readonly Delivery[], cause: unknown): Promise<void> => {
  const [first] = group;
  if (first === undefined) return;
  const { patientId } = first.message;
  const seconds = Math.min(longestDelayS, 2 ** first.receiveCount) * (0.5 + deps.random() / 2);
  const fault = cause instanceof Fault ? { fault: cause.code, ...cause.facts } : throwFields(cause);
  deps.log("warn", "group.retried", {
    patientId,
    messages: group.length,
    receive: first.receiveCount,
    seconds,
    ...fault,
  });
  try {
    const receipts = group.map(({ receipt }) => receipt);
    await deps.engine.queue.delay(receipts, Math.ceil(seconds));
  } catch (error) {
    deps.log("warn", "group.not-delayed", { patientId, ...throwFields(error) });
  }
};
