import { setTimeout as sleep } from "node:timers/promises";
import type { SampleRequest } from "./telling.ts";

/** Ends the run; its text is for the person at the terminal. */
export class SampleStopped extends Error {
  override readonly name = "SampleStopped";
}

type SentAs =
  | "committed"
  /** The service knew the request already. */
  | "replayed"
  /** Somebody else made the patient, or changed the record since: the rest of its story does not fit. */
  | "left alone";

export interface ClinicClient {
  /** Resolves when the request is settled. Throws SampleStopped. */
  send(request: SampleRequest): Promise<SentAs>;
}

export interface ClientOptions {
  readonly url: string;
  /** Token of each member of the staff. */
  readonly tokens: readonly string[];
  readonly signal: AbortSignal;
  /** How long a service that does not answer is tried again, ms. */
  readonly patienceMs: number;
}

/** An operation, or a problem. */
interface Body {
  readonly id?: string;
  readonly state?: string;
  readonly problem?: Body | null;
  readonly code?: string;
  readonly detail?: string;
}

interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly body: Body;
}

const waitSeconds = 20;

const answerOf = async (response: Response): Promise<Answer> => {
  const text = await response.text();
  try {
    const body: Body = JSON.parse(text);
    return { status: response.status, headers: response.headers, body };
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw new SampleStopped(`The answer is not JSON (status ${response.status}): is this a Casenotes service?`);
  }
};

/** Sends a request until it is answered with something else than "later". Safe: every write carries its key. */
const ask = async (url: string, init: RequestInit, { signal, patienceMs }: ClientOptions): Promise<Answer> => {
  const givesUpAt = performance.now() + patienceMs;
  for (let delayMs = 100; ; delayMs = Math.min(2_000, delayMs * 2)) {
    let retryMs = delayMs;
    try {
      const answer = await answerOf(await fetch(url, { ...init, signal }));
      if (!isLater(answer)) return answer;
      const seconds = Number(answer.headers.get("retry-after") ?? Number.NaN);
      if (seconds > 0) retryMs = seconds * 1_000; // a date, or nothing: as for a lost connection
      if (performance.now() + retryMs > givesUpAt) throw new SampleStopped(`The service stays busy: ${said(answer)}`);
    } catch (cause) {
      if (signal.aborted || !(cause instanceof TypeError)) throw cause;
      if (performance.now() > givesUpAt) throw new SampleStopped("The service does not answer any more.", { cause });
    }
    await sleep(retryMs, undefined, { signal });
  }
};

const isLater = ({ status, body }: Answer): boolean => (status === 429 || status === 503) && body.code !== "parked";

const said = ({ status, body }: Answer): string => `${status} ${body.code ?? ""} ${body.detail ?? ""}`.trim();

const changedByOthers: ReadonlySet<string> = new Set(["patient-exists", "precondition-failed", "record-closed"]);

const settledAs = (answer: Answer): SentAs => {
  const { status, headers, body } = answer;
  if (status < 300) return headers.get("idempotent-replayed") === "true" ? "replayed" : "committed";
  if (changedByOthers.has(body.code ?? "")) return "left alone";
  if (status === 401 || status === 403) {
    throw new SampleStopped(
      `The service refused the token: ${said(answer)}\nSet CASENOTES_DATA to the service's data folder, or give --token.`,
    );
  }
  throw new SampleStopped(`The service refused a request of the sample: ${said(answer)}`);
};

export const clinicClient = (options: ClientOptions): ClinicClient => {
  const { url, tokens } = options;
  const settled = async (id: string, headers: Readonly<Record<string, string>>): Promise<SentAs> => {
    for (;;) {
      const answer = await ask(`${url}/v1/operations/${id}`, { headers }, options);
      const { state, problem } = answer.body;
      if (state === "committed") return "committed";
      if (changedByOthers.has(problem?.code ?? "")) return "left alone";
      if (state !== "queued") throw new SampleStopped(`Operation ${id} ended as ${state ?? said(answer)}.`);
    }
  };
  return {
    send: async ({ writer, method, path, headers, body }) => {
      const common = { authorization: `Bearer ${tokens[writer] ?? ""}`, prefer: `wait=${waitSeconds}` };
      const answer = await ask(
        `${url}${path}`,
        { method, headers: { ...headers, ...common }, ...(method === "DELETE" ? {} : { body }) },
        options,
      );
      return answer.status === 202 ? settled(answer.body.id ?? "", common) : settledAs(answer);
    },
  };
};
