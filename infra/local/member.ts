import { flushCompileCache } from "node:module";
import type { Log } from "../../functions/dependencies.ts";
import type { HintMessage } from "./hints.ts";
import { jsonLog } from "./log.ts";
import { throwFields } from "../../functions/throw-fields.ts";

/** What a member tells the supervisor. */
export type MemberMessage =
  | HintMessage
  /** It serves; `url` is the HTTP process's base URL. */
  | { readonly kind: "ready"; readonly url?: string }
  /** It got a SIGTERM of its own. */
  | { readonly kind: "stop-asked" };

/** What the supervisor tells a member. */
export type SupervisorMessage = HintMessage | { readonly kind: "drain" };

/** Exit code of a member that cannot start for a reason only the operator can remove (EX_CONFIG of sysexits). */
export const misconfigured = 78;

export interface Member {
  readonly log: Log;
  /** Writes the buffered log lines now. */
  flushLog(): void;
  tell(message: MemberMessage): void;
  /** Ends the process with everything logged. */
  exit(code: number): void;
}

export interface MemberCallbacks {
  readonly onHint: (message: HintMessage) => void;
  /** Finish what is in hand; then the process exits 0. */
  readonly onDrain: () => Promise<void>;
}

/**
 * Makes this process a member of a supervised service: it ends when the supervisor does, even by kill -9; it drains
 * when told; a Ctrl-C reaches the whole process group, so it is left to the supervisor; a throw nobody caught ends it.
 */
export const joinSupervisor = (source: string, callbacks: MemberCallbacks): Member => {
  const { log, flush } = jsonLog(source);
  const exit = (code: number) => {
    flush();
    process.exit(code);
  };
  const crash = (event: string) => (cause: unknown) => {
    log("error", event, throwFields(cause));
    exit(1);
  };
  let draining = false;
  process.on("message", (message: SupervisorMessage) => {
    if (message.kind === "hint") callbacks.onHint(message);
    else if (!draining) {
      draining = true;
      callbacks.onDrain().then(() => exit(0), crash("drain.failed"));
    }
  });
  process.on("disconnect", () => exit(0));
  process.on("SIGINT", () => {});
  process.on("SIGTERM", () => tell({ kind: "stop-asked" }));
  process.on("uncaughtException", crash("uncaught-exception"));
  process.on("unhandledRejection", crash("unhandled-rejection"));
  // The supervisor ended while this process was still loading: nobody heard it.
  if (process.connected === false) exit(0);
  return { log, flushLog: flush, tell, exit };
};

const tell = (message: MemberMessage): void => {
  if (process.connected) process.send?.(message);
  // A member that is killed later would never write what it compiled.
  if (message.kind === "ready") flushCompileCache();
};
