import * as fc from "fast-check";
import type { Draft, Pair } from "./hostile-requests.ts";
import {
  anyText,
  oddBytes,
  oddFields,
  oddJson,
  oddMembers,
  oddNames,
  oddSegments,
  oddValues,
} from "./hostile-values.ts";

type Mutation = (draft: Draft) => Draft;

const jsonToken = /"(?:[^"\\]|\\.)*"|-?\d[\d.eE+-]*|true|false|null|[{}[\]:,]/g;

/** Changes the nth token of a JSON text; what is no JSON is cut there. */
const atToken =
  (n: number, change: (token: string) => string): Mutation =>
  (draft) => {
    const text = Buffer.from(draft.body).toString("utf8");
    const tokens = [...text.matchAll(jsonToken)];
    const token = tokens[n % Math.max(tokens.length, 1)];
    if (token === undefined) return draft;
    const changed = text.slice(0, token.index) + change(token[0]) + text.slice(token.index + token[0].length);
    return { ...draft, body: Buffer.from(changed) };
  };

const changeHeader =
  (name: string, change: (pairs: readonly Pair[]) => readonly Pair[]): Mutation =>
  (draft) => {
    const { own = [], others = [] } = Object.groupBy(draft.headers, ([given]) => (given === name ? "own" : "others"));
    return { ...draft, headers: [...others, ...change(own)] };
  };

const atSegment =
  (n: number, change: (segment: string) => string): Mutation =>
  (draft) => {
    const segments = draft.path.split("/");
    const at = 1 + (n % (segments.length - 1));
    return { ...draft, path: segments.map((segment, index) => (index === at ? change(segment) : segment)).join("/") };
  };

const n = fc.nat(200);
const odd = (values: readonly string[]): fc.Arbitrary<string> => fc.constantFrom(...values);
const jsonText = fc.oneof(
  { weight: 3, arbitrary: odd(oddJson) },
  { weight: 1, arbitrary: anyText.map((text) => JSON.stringify(text)) },
);
const latin1 = fc.string({
  unit: fc
    .integer({ min: 0x20, max: 0xff })
    .filter((c) => c !== 0x7f)
    .map((c) => String.fromCharCode(c)),
});
const fieldText = fc.oneof(
  { weight: 4, arbitrary: odd(oddFields) },
  { weight: 1, arbitrary: latin1.map((text) => text.trim()) },
);
const escaped = fc
  .uint8Array({ maxLength: 12 })
  .map((bytes) => [...bytes].map((byte) => `%${byte.toString(16).padStart(2, "0")}`).join(""));
const segment = fc.oneof({ weight: 4, arbitrary: odd(oddSegments) }, { weight: 1, arbitrary: escaped });
const fieldName = fc.constantFrom(
  "Authorization", "Authorization", "Content-Type", "Content-Type", "Content-Encoding", "Idempotency-Key", "If-Match", "If-Match", "If-None-Match",
  "If-None-Match", "Prefer", "Prefer", "Git-Protocol", "traceparent", "Accept", "Accept-Encoding", "Cookie", "Range", "If-Modified-Since", "If-Range",
  "X-Forwarded-For", "X-HTTP-Method-Override", "__proto__", "constructor", "Origin",
); // prettier-ignore
const methods = fc.constantFrom(
  "GET",
  "PUT",
  "POST",
  "DELETE",
  "PATCH",
  "OPTIONS",
  "HEAD",
  "TRACE",
  "PROPFIND",
  "QUERY",
  "SEARCH",
);
const tokens = fc.constantFrom(
  ":foreign",
  ":scopeless",
  ":reader",
  ":writer",
  ":operator",
  ":nobody",
  "Bearer x.y.z",
  ":basic",
);

/** Every way a request is spoilt, by name; the names are counted. */
const mutations: Readonly<Record<string, fc.Arbitrary<Mutation>>> = {
  "a token of JSON replaced": fc.tuple(n, jsonText).map(([at, text]) => atToken(at, () => text)),
  "a value of JSON replaced": fc.tuple(n, jsonText).map(([at, text]) => atToken(at * 2, (was) => (/^[{}[\]:,]/.test(was) ? was : text))),
  "a token of JSON left out": n.map((at) => atToken(at, () => "")),
  "a token of JSON doubled": n.map((at) => atToken(at, (was) => was + was)),
  "a member added": fc.tuple(n, odd(oddMembers)).map(([at, text]) => atToken(at, (was) => (was === "{" ? `{${text},` : was === "}" ? `,${text}}` : was))),
  "a key renamed": fc.tuple(n, anyText).map(([at, text]) => atToken(at, (was) => (was.startsWith('"') ? JSON.stringify(text) : was))),
  "a body cut": n.map((at) => (draft) => ({ ...draft, body: draft.body.subarray(0, at % Math.max(draft.body.length, 1)) })),
  "a body replaced": fc.constantFrom(...oddBytes).map((body) => (draft) => ({ ...draft, body })),
  "a body of any bytes": fc.uint8Array({ maxLength: 200 }).map((body) => (draft) => ({ ...draft, body })),
  "bytes after the body": fc.constantFrom("{}", ",", " ", "\u0000", "]", "x").map((text) => (draft) => ({ ...draft, body: Buffer.concat([draft.body, Buffer.from(text)]) })),
  "a field replaced": fc.tuple(fieldName, fieldText).map(([name, value]) => changeHeader(name, () => [[name, value]])),
  "a field doubled": fc.tuple(fieldName, fieldText).map(([name, value]) => changeHeader(name, (pairs) => [...pairs, ...(pairs.length > 0 ? pairs : []), [name, value]])),
  "a field left out": fieldName.map((name) => changeHeader(name, () => [])),
  "another token": tokens.map((token) => changeHeader("Authorization", () => [["Authorization", token]])),
  "a segment replaced": fc.tuple(n, segment).map(([at, text]) => atSegment(at, () => text)),
  "a segment added": fc.tuple(n, segment).map(([at, text]) => atSegment(at, (was) => `${was}/${text}`)),
  "a segment extended": fc.tuple(n, segment).map(([at, text]) => atSegment(at, (was) => was + text)),
  "a segment left out": n.map((at) => (draft) => ({ ...draft, path: draft.path.split("/").toSpliced(1 + (at % 3), 1).join("/") || "/" })),
  "the path in absolute form": fc.constantFrom("http://x", "https://evil.test", "//").map((origin) => (draft) => ({ ...draft, path: origin + draft.path })),
  "a parameter added": fc.tuple(odd(oddNames), odd(oddValues)).map((pair) => (draft) => ({ ...draft, query: [...draft.query, pair] })),
  "parameters doubled": fc.constant((draft) => ({ ...draft, query: [...draft.query, ...draft.query] })),
  "another method": methods.map((method) => (draft) => ({ ...draft, method })),
}; // prettier-ignore

export const mutationNames: readonly string[] = Object.keys(mutations);

/** Any of them, with its name; another token more often, for the rest of the request hardly matters then. */
export const anyMutation = fc.oneof(
  ...Object.entries(mutations).map(([name, arbitrary]) => ({
    weight: name === "another token" ? 4 : 1,
    arbitrary: arbitrary.map((change) => [name, change] as const),
  })),
);
