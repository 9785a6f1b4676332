import * as fc from "fast-check";
import type { Schema } from "./hostile-contract.ts";

/** A name's own values, where the schema alone would only ever miss: placeholders that are filled in when it is sent. */
const named: Readonly<Record<string, fc.Arbitrary<unknown>>> = {
  id: fc.constantFrom(":new", ":new", ":patient"),
  patientId: fc.constantFrom(":patient", ":patient", ":patient", ":other", ":unknown"),
  operationId: fc.constantFrom(":operation", ":parked", ":parked", ":unknown"),
  oid: fc.constant(":commit"),
  path: fc.constantFrom("notes/a.md", "notes/b.md", ":fresh", ":fresh", "demographics/patient.yaml", "ehr_status.yaml"),
  put: fc.constantFrom(":fresh", ":fresh", ":fresh", ":fresh", "notes/a.md"),
  delete: fc.constantFrom("notes/b.md", "notes/a.md"),
  ifMatch: fc.constantFrom(null, null, null, null, ":tag"),
  expectedCommit: fc.constant(":commit"),
  at: fc.constantFrom(":commit", "2026-01-31T12:00:00Z", "2126-01-31T12:00:00Z"),
  cursor: fc.constant(":cursor"),
  service: fc.constant("git-upload-pack"),
  "Idempotency-Key": fc.constantFrom(":key", ":key", ":key", ":key", ":key", "again"),
  "If-Match": fc.constant(":tag"),
  "If-None-Match": fc.constantFrom("*", ":tag"),
  Prefer: fc.constantFrom(
    "wait=0",
    "wait=25",
    "respond-async",
    "return=representation",
    "wait=3, return=representation",
  ),
};

/** Characters of every length in UTF-8 and UTF-16, marks, directions and controls among them; no lone surrogates. */
export const anyText: fc.Arbitrary<string> = fc.string({
  unit: fc.oneof(
    fc.integer({ min: 0x20, max: 0x7e }).map((code) => String.fromCodePoint(code)),
    fc.integer({ min: 0, max: 0xd7ff }).map((code) => String.fromCodePoint(code)),
    fc.integer({ min: 0xe000, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
  ),
  maxLength: 30,
});

const textOf = ({ pattern, minLength = 0, maxLength = 40 }: Schema): fc.Arbitrary<string> => {
  if (pattern !== undefined) return fc.stringMatching(new RegExp(pattern), { maxLength: 40 });
  return fc.string({ minLength, maxLength: Math.min(maxLength, 40), unit: "grapheme-ascii" });
};

const objectOf = ({ properties = {}, required = [] }: Schema): fc.Arbitrary<Record<string, unknown>> => {
  const fields = Object.entries(properties).map(([name, schema]) => [name, arbitraryOf(schema, name)] as const);
  return fc.record(Object.fromEntries(fields), { requiredKeys: [...required], noNullPrototype: true });
};

/** Values that a schema of the contract allows; those of a name that must fit what is stored are placeholders. */
export const arbitraryOf = (schema: Schema, name = ""): fc.Arbitrary<unknown> => {
  // A delete has to name a tag, a put may say that there is no file.
  if (name === "ifMatch" && schema.type === "string") return fc.constant(":tag");
  const own = Object.hasOwn(named, name) ? named[name] : undefined;
  if (own !== undefined) return own;
  if (schema.enum !== undefined) return fc.constantFrom(...schema.enum);
  if (schema.anyOf !== undefined) return fc.oneof(...schema.anyOf.map((one) => arbitraryOf(one)));
  if (schema.format === "date-time") return fc.constant("2026-01-31T12:00:00Z");
  switch (schema.type) {
    case "object":
      return objectOf(schema);
    case "array":
      return fc.array(arbitraryOf(schema.items ?? {}), { minLength: schema.minItems ?? 0, maxLength: 3 });
    case "integer":
    case "number":
      return fc.integer({ min: schema.minimum ?? 0, max: schema.maximum ?? 100 });
    case "boolean":
      return fc.boolean();
    default:
      return textOf(schema);
  }
};

/** Pieces of JSON text that stand where something else is expected; some are no JSON at all. */
export const oddJson: readonly string[] = [
  "null", "true", "0", "-0", "1e999", "-1e999", "0.1", "1".repeat(400), "9007199254740993", "NaN", "Infinity", "01", "+1",
  '""', '" "', '"\\u0000"', '"\\ud800"', '"\\udc00\\ud800"', '"\\ud83d\\ude00"', '"\u202e\u0301"', '"\ufeff"', '"\\u2028"',
  '"a\\nb"', '"\\r\\n\\r\\n"', '"\\u001b[31m"', '"../../etc/passwd"', '"%2e%2e%2f"', '"\' OR 1=1 --"', '"${7*7}"',
  `"${"x".repeat(300)}"`, `"${"\u00e9".repeat(5_000)}"`, `"${"\u{1f4a3}".repeat(201)}"`, "[]", "{}", "[[]]", "[null]", '[{"a":[]}]',
  "[".repeat(40) + "]".repeat(40), '{"a":'.repeat(33) + "1" + "}".repeat(33), '{"__proto__":{"admin":true}}',
  '{"constructor":{"prototype":{"x":1}}}', '{"toString":1}', '{"then":1}', "'a'", "undefined", "/* x */", "\\", '"', "\u0000",
  '"0000-00-00"', '"2023-02-29"', '"9999-12-31"', '"W/\\"x\\""', '"*"', '":tag, :tag"', '":tag"', '":patient"', '":commit"',
]; // prettier-ignore

/** Members that slip into an object. */
export const oddMembers: readonly string[] = [
  '"extra":1', '"__proto__":{}', '"constructor":{}', '"\\u005f_proto__":1', '"prototype":1', '"id":1,"id":2', '"name":1', '"":0',
  '"summary":"x"', '"changes":[]', '"patientId":null', '"author":{"id":"root"}', '"toString":"x"', `"${"k".repeat(3_000)}":1`,
]; // prettier-ignore

/** Values of header fields, as node:http would hand them on: no control characters. */
export const oddFields: readonly string[] = [
  "", "*", "W/:tag", ":tag", ":tag, :tag", ':tag,"x"', '"', '""', '"x', "x", "a,b", "\u00e9\u00ff", '"\u00ff"', "\u0080", "x".repeat(5_000),
  `"${"0".repeat(40)}"`, `"${"A".repeat(40)}"`, "0", "-1", "null", "undefined", "[object Object]", "__proto__", "a b", "\t",
  "wait=26", "wait=-1", "wait=1.5", "wait=1e1", "wait", "wait=", 'wait="5"', "wait=0, wait=99", "respond-async; x=\"y,z", ",,,;;;===",
  "return=representation; wait=", `${"a=b,".repeat(1_000)}wait=1`, "k".repeat(256), "gzip", "deflate", "identity", "gzip, gzip", "x-gzip",
  "application/json", "application/json; charset=utf-16", "application/json;charset=UTF-8", "text/plain", "text/markdown; charset=utf-8",
  'text/plain; charset="utf-8', "application/yaml", "multipart/form-data; boundary=x", "application/x-www-form-urlencoded", "*/*",
  "application/x-git-upload-pack-request", "image/png", "Bearer", "Bearer ", "Bearer a.b.c", "bearer  x", "Basic Og==", "Basic !", "Basic",
  "Digest x", "Bearer x, Bearer y", "version=2", "version=1:version=2", "version=99", "bytes=0-", "git/2.0",
  "00-00000000000000000000000000000000-0000000000000000-00", "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01",
]; // prettier-ignore

/** Segments of a path. */
export const oddSegments: readonly string[] = [
  "", ".", "..", "...", "%2e", "%2e%2e", "%2E%2e%2F", "%2F", "%5c", "%252e%252e", "%252f", "%00", "%", "%zz", "%ff", "%c0%ae", "%ed%a0%80",
  "%e2%80%8b", "%0d%0aX:%20y", ".git", ".GIT", "%2egit", "git~1", "config", "HEAD", "con", "nul.txt", "x".repeat(300), "__proto__", "constructor",
  "toString", "*", "{patientId}", ";a=b", "~", "a:b", "a%20b", "'--", "$(id)", "search", "redrive", "wait", "info", "0", "null", "undefined",
  "00000000-0000-0000-0000-000000000000", "FFFFFFFF-FFFF-FFFF-FFFF-FFFFFFFFFFFF", "0".repeat(40), "HEAD~1", "a.md", "notes", "a\\b",
]; // prettier-ignore

export const oddNames: readonly string[] = [
  "at", "limit", "cursor", "state", "patientId", "updatedSince", "service", "unknown", "", "__proto__", "constructor", "toString", "a[b]", "%", "%00",
  "%ff", "LIMIT", "at%00", "x".repeat(100),
]; // prettier-ignore

/** Values in a query. */
export const oddValues: readonly string[] = [
  "", "0", "1", "100", "101", "-1", "1e2", "0x10", "1.0", "%31", "+1", "NaN", "%", "%zz", "%00", "%ff", "%ed%a0%80", "%F0%9F%92%A3", "null", "queued",
  "QUEUED", "parked", "git-receive-pack", "git-upload-pack", "0".repeat(40), "A".repeat(40), ":commit", ":patient", ":cursor", ":cursorx", "e30",
  "bm9ub25l", "x".repeat(3_000), "2026-13-01T00:00:00Z", "2026-02-30T00:00:00Z", "2026-01-31T12:00:00%2B99:99", "2026-01-31T12:00:00",
  "0000-01-01T00:00:00%2B23:59", "9999-12-31T23:59:59-23:59", "9999-12-31T23:59:59.999999999Z", "1970-01-01T00:00Z", "2026-01-31T24:00:00Z",
  "275760-09-14T00:00:00Z", "now", "'--", "a&at=b&at=c",
]; // prettier-ignore

/** Bodies of files and of upload-pack, as bytes. */
export const oddBytes: readonly Uint8Array[] = [
  "", "\u0000", "x\u0000y", "\r\n\r\n", "\u{feff}x", "a: &a [*a]", "<<: *x", "!!js/function x", "---\n---\n", "%YAML 9.9\n---\na", "? [", "a: 1\na: 2",
  "0000", "0001", "0002", "0003", "ffff", "fff1x", "0004", "0005\n", "zzzz", "0032want :commit\n00000009done\n", "0009done\n", "{}", "[]", "null",
  "GIF89a", "PK\u0003\u0004", "\u202e", "x".repeat(70_000),
].map((text) => Buffer.from(text)).concat([Buffer.from([0xff, 0xfe]), Buffer.from([0xc0, 0x80]), Buffer.from([0xed, 0xa0, 0x80]), Buffer.from([0x1f, 0x8b, 8, 0])]); // prettier-ignore
