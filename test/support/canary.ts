import type { Reply, Service } from "./service.ts";

/** What must not be found outside the record: one word of its own for each thing that is private. */
export const canaries = {
  content: "hemoquartz",
  summary: "glimmerdock",
  family: "wexelbrandt",
  given: "orsolyani",
  birthDate: "1931-08-29",
  identifier: "qp90417733",
  path: "foxmarrow",
  caller: "plimsaul",
  key: "keyvellum",
  search: "askbittern",
  reason: "tamariskine",
} as const;

/** A piece of text and where it was found, as `summaries.family` or `stderr`. */
export interface Found {
  readonly place: string;
  readonly text: string;
}

const unescaped = (text: string): string => {
  try {
    return decodeURIComponent(text);
  } catch (cause) {
    if (cause instanceof URIError) return "";
    throw cause;
  }
};

const decoded = (text: string): readonly string[] =>
  (text.match(/[\w+/-]{12,}/g) ?? []).map((run) => Buffer.from(run, "base64url").toString("latin1"));

/** The text as it is, and what it holds percent-encoded or in base64. */
const formsOf = (text: string): string => [text, unescaped(text), ...decoded(text)].join("\n").toLowerCase();

/** Each `place: thing` that was found, once, in order; `secrets` are looked for beside the canaries. */
export const leaksIn = (found: readonly Found[], secrets: readonly string[]): readonly string[] => {
  const tokens = secrets.map((secret) => ["token", secret.toLowerCase()] as const);
  const leaks = found.flatMap(({ place, text }) => {
    const forms = formsOf(text);
    const here = [...Object.entries(canaries), ...tokens].filter(([, word]) => forms.includes(word));
    return here.map(([name]) => `${place}: ${name}`);
  });
  return [...new Set(leaks)].toSorted();
};

/** Everything that the processes of these services write from here on. */
export const outputOf = (services: readonly Service[]): (() => readonly Found[]) => {
  const texts: Found[] = [];
  for (const { supervisor } of services) {
    supervisor.stdout?.on("data", (text) => texts.push({ place: "stdout", text: String(text) }));
    supervisor.stderr?.on("data", (text) => texts.push({ place: "stderr", text: String(text) }));
  }
  // Joined, since a word may be cut by a chunk's end.
  return () =>
    ["stdout", "stderr"].map((place) => ({
      place,
      text: texts.flatMap((one) => (one.place === place ? one.text : [])).join(""),
    }));
};

const headersOf = (place: string, { headers }: Reply): readonly Found[] =>
  [...headers].map(([name, text]) => ({ place: `${place} header ${name}`, text }));

/** What an answer says about itself: headers, among them URLs, and of a refusal its body, but for a file asked for with it. */
export const saidBy = (route: string, reply: Reply): readonly Found[] => {
  if (reply.status < 400) return headersOf(route, reply);
  const { current: _, ...problem } = reply.json ?? {};
  const text = reply.json === undefined ? reply.text : JSON.stringify(problem);
  return [...headersOf(route, reply), { place: `${route} ${reply.status}`, text }];
};

/** The parts of a token that nobody else may have: its claims and its signature. */
export const secretsOf = (tokens: readonly string[]): readonly string[] =>
  tokens.flatMap((token) => token.split(".").slice(1));
