import { operate } from "../../functions/operate.ts";
import { read } from "../../functions/read.ts";
import { functionFor } from "../../functions/routes.ts";
import { status } from "../../functions/status.ts";
import { submit } from "../../functions/submit.ts";
import { anHttpEvent } from "../support/an-http-event.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

export interface Request {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly token: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string;
}

export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
  /** When it was sent, ms since the epoch. */
  readonly askedAt: number;
}

/** A process that answers HTTP. Undefined: the client learns nothing, whatever was done. */
export interface Front {
  request(request: Request): Promise<Answer | undefined>;
}

const eventOf = ({ method, path, token, headers, body }: Request) =>
  anHttpEvent(method, path, { headers: { authorization: `Bearer ${token}`, ...headers }, body });

/** A client waits no longer for an answer, ms. */
const patienceMs = 40_000;

export const frontOf = (world: World, process: Process): Front => {
  const { deps, random } = process;
  const { scheduler } = world;
  const functions: Readonly<Record<string, ReturnType<typeof submit>>> = {
    submit: submit(deps),
    read: read(deps),
    status: status(deps),
    operate: operate(deps),
  };
  const invoke = async (request: Request, signal: AbortSignal, askedAt: number) => {
    const answer = await functions[functionFor(request.method, request.path.split("?")[0]!)]!(eventOf(request), {
      awsRequestId: random.uuid(),
      getRemainingTimeInMillis: () => 29_000 - (scheduler.now() - askedAt),
      signal,
    });
    const { statusCode, headers, body } = answer;
    return { status: statusCode, headers, body, askedAt };
  };
  return {
    request: (request) =>
      new Promise((resolve) => {
        const askedAt = scheduler.now();
        const leaving = new AbortController();
        const leave = (): void => {
          leaving.abort("left");
          resolve(undefined);
        };
        if (!process.isAlive()) return leave();
        process.whenKilled(() => resolve(undefined));
        scheduler.after(patienceMs, leave);
        if (request.headers?.["prefer"] !== undefined && world.strikes("client left while it waited", 0.2)) {
          scheduler.after(random.between(1, 5_000), leave);
        }
        const answer = async (): Promise<void> => {
          const answered = await invoke(request, leaving.signal, askedAt);
          const isLost = !process.isAlive() || world.strikes("answer to a client lost", 0.2);
          scheduler.after(random.between(1, 20), () => resolve(isLost ? undefined : answered));
        };
        answer().catch(scheduler.fail);
      }),
  };
};
