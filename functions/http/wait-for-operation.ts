import type { Operation } from "../../shared/operation.ts";
import type { Dependencies, Invocation } from "../dependencies.ts";
import { waitForChange } from "../wait-for-change.ts";

/** As long as an API Gateway integration may take, ms. */
const gatewayMs = 29_000;
/** Time kept for the answer itself, ms. */
const answerMs = 1_500;

/** Nobody reads it; without one each abort makes a DOMException with a stack, 15 µs a request. */
const over = "the wait is over";

/** The operation once its version is not `since` any more, or as it is after `seconds`. */
export const waitForOperation = async (
  deps: Dependencies,
  first: Operation,
  { since, seconds, invocation }: { readonly since: number; readonly seconds: number; readonly invocation: Invocation },
): Promise<Operation> => {
  if (seconds === 0 || first.version !== since) return first;
  const { engine, hints, now, random } = deps;
  const left = Math.min(invocation.getRemainingTimeInMillis(), gatewayMs) - answerMs;
  const client = invocation.signal;
  // Everything that the wait starts ends with it: a timer left over would fire into another request.
  const controller = new AbortController();
  const leave = (): void => controller.abort(over);
  client?.addEventListener("abort", leave);
  if (client?.aborted === true) leave();
  try {
    const latest = await waitForChange(
      {
        read: async () => (await engine.operations.get([first.id]))[0],
        sleep: (ms, signal) => hints.sleep(first.id, ms, signal),
        now,
        deadline: now() + Math.min(seconds * 1_000, left),
        since,
        signal: controller.signal,
        random,
      },
      first,
    );
    return latest ?? first;
  } finally {
    client?.removeEventListener("abort", leave);
    controller.abort(over);
  }
};
