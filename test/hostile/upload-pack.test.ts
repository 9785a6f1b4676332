import { gzipSync } from "node:zlib";
import * as fc from "fast-check";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { delimiterPacket, flushPacket, linePacket } from "../../shared/git/pkt-line.ts";
import { gitFolder } from "../support/git-server.ts";
import { aHostileEdge, type HostileEdge, type WireAnswer } from "../support/hostile-edge.ts";
import { aNote, aPatient } from "../support/http-edge.ts";

let edge: HostileEdge;
let token: string;
let patient: string;
const ids = { commit: "", blob: "", foreign: "", other: "" };
beforeAll(async () => {
  edge = await aHostileEdge();
  token = await edge.token();
  patient = await aPatient(edge);
  ids.blob = (await aNote(edge, patient)).slice(1, -1);
  ids.other = await aPatient(edge);
  const commitOf = async (id: string) => (await edge.call("GET", `/v1/patients/${id}`)).json.commit;
  ids.commit = await commitOf(patient);
  ids.foreign = await commitOf(ids.other);
});
afterAll(() => edge[Symbol.asyncDispose]());

type Piece = string | Uint8Array;
/** Lines become packets; bytes stay as they are. `:commit` and the like are filled in. */
const packets = (...pieces: readonly Piece[]): Uint8Array =>
  Buffer.concat(
    pieces.map((piece) =>
      typeof piece === "string"
        ? linePacket(piece.replaceAll(/:(commit|blob|foreign)/g, (_, name: "commit") => ids[name]))
        : piece,
    ),
  );
const flush = flushPacket;
const delim = delimiterPacket;
const raw = (text: string): Uint8Array => Buffer.from(text, "latin1");

const ask = async (body: Uint8Array, fields: Readonly<Record<string, string>> = {}): Promise<WireAnswer> => {
  const headers = Object.entries({
    authorization: `Bearer ${token}`,
    "content-type": "application/x-git-upload-pack-request",
    ...fields,
  });
  return edge.callDirectly({ method: "POST", target: `/git/${patient}.git/git-upload-pack`, headers, body });
};

/** What an answer is: a problem's code, git's own error, a pack, acknowledgements, or nothing. */
const kindOf = ({ status, body }: WireAnswer): string => {
  const text = body.toString("latin1");
  if (status !== 200) return `${status} ${JSON.parse(text).code}`;
  if (text === "") return "nothing";
  if (/^[0-9a-f]{4}ERR /.test(text)) return "ERR";
  if (text.includes("PACK")) return "pack";
  if (/NAK\n(?:0000)?$/.test(text)) return "NAK";
  if (/^[0-9a-f]{4}ACK /.test(text)) return "ACK";
  return text === "0000" || /^[0-9a-f]{4}[0-9a-f]{40} (?:HEAD|refs)/.test(text) ? "refs" : "something else";
};

type Row = readonly [title: string, body: () => Uint8Array, kind: string];
const zero = "0".repeat(40);
const want = "want :commit";
const many = (count: number, line: (n: number) => string): Uint8Array =>
  packets(...Array.from({ length: count }, (_, n) => line(n)));
const oid = (n: number): string => n.toString(16).padStart(40, "0");
const malformed = "400 invalid-request";

const noPackets: readonly Row[] = [
  "zzzz", "000", "0", "00g0", "0002", "0003", "ffff", "fff1", "0005", "0032want", "-001x", "+005x", " 005x", "0x05x", "\ufeff0000", "0000x", "0000000",
  "00000005", "{}", "GET / HTTP/1.1\r\n\r\n", "\0\0\0\0", "PACK\0\0\0\x02", `0032want ${zero}`, "\u0660\u0660\u0660\u0660", "00 9done\n",
].map((text): Row => [`no packets: ${JSON.stringify(text)}`, () => raw(text), malformed]); // prettier-ignore

const v0: readonly Row[] = [
  ["nothing at all", () => raw(""), "nothing"],
  ["a flush", () => flush, "nothing"],
  ["a thousand flushes", () => Buffer.concat(Array.from({ length: 1_000 }, () => flush)), "nothing"],
  ["delimiters alone", () => packets(delim, delim, flush), "nothing"],
  ["an empty packet", () => raw("0004"), "ERR"],
  ["done alone", () => packets(flush, "done"), "nothing"],
  ["haves alone", () => packets("have :commit", flush, "done"), "nothing"],
  ["a want without done", () => packets(want, flush), "NAK"],
  ["a want, haves that are unknown, no done", () => packets(want, flush, `have ${oid(1)}`, flush), "NAK"],
  ["a want and no flush", () => packets(want, "done"), "pack"],
  ["a delimiter inside", () => packets(want, delim, flush, "done"), "pack"],
  ["more behind done", () => packets(want, flush, "done", "frob", want), "pack"],
  ["a want of an unknown id", () => packets(`want ${oid(1)}`, flush, "done"), "ERR"],
  ["a want of nothing", () => packets(`want ${zero}`, flush, "done"), "ERR"],
  ["a want of a blob of this record", () => packets("want :blob", flush, "done"), "ERR"],
  ["a want of another patient's commit", () => packets("want :foreign", flush, "done"), "ERR"],
  ["a good want and another patient's commit", () => packets(want, "want :foreign", flush, "done"), "ERR"],
  ["a want in capitals", () => packets(`want ${"A".repeat(40)}`, flush, "done"), "ERR"],
  ["a want of 39 digits", () => packets(`want ${"a".repeat(39)}`, flush, "done"), "ERR"],
  ["a want of 64 digits", () => packets(`want ${"a".repeat(64)}`, flush, "done"), "ERR"],
  ["a want of a name", () => packets("want refs/heads/main", flush, "done"), "ERR"],
  ["a want of a path", () => packets("want ../../../etc/passwd", flush, "done"), "ERR"],
  ["a want without an id", () => packets("want", flush, "done"), "ERR"],
  ["a have that is none", () => packets(want, flush, "have x", "done"), "ERR"],
  ["a word that nobody knows", () => packets(want, "frob", flush, "done"), "ERR"],
  ["a line of NUL", () => packets(want, "\0\0", flush, "done"), "ERR"],
  ["256 wants", () => packets(many(256, () => want), flush, "done"), "pack"],
  ["257 wants", () => packets(many(257, () => want), flush, "done"), "ERR"],
  ["10,000 haves", () => packets(want, flush, many(10_000, (n) => `have ${oid(n)}`), "done"), "pack"],
  ["10,001 haves", () => packets(want, flush, many(10_001, (n) => `have ${oid(n)}`), "done"), "ERR"],
  ["10,000 times the same have", () => packets(want, flush, many(10_000, () => "have :commit"), "done"), "pack"],
  ["19,000 haves, nearly 1 MB", () => packets(want, flush, many(19_000, (n) => `have ${oid(n)}`), "done"), "ERR"],
  ["a depth", () => packets(want, "deepen 1", flush, "done"), "ERR"],
  ["a depth of minus one", () => packets(want, "deepen -1", flush, "done"), "ERR"],
  ["a depth beyond all", () => packets(want, `deepen ${"9".repeat(5_000)}`, flush, "done"), "ERR"],
  ["a depth by time", () => packets(want, "deepen-since 0", flush, "done"), "ERR"],
  ["a depth by name", () => packets(want, "deepen-not refs/heads/main", flush, "done"), "ERR"],
  ["a shallow line", () => packets(want, "shallow :commit", flush, "done"), "ERR"],
  ["a filter", () => packets(want, "filter blob:none", flush, "done"), "ERR"],
  ["60 KB of capabilities", () => packets(`${want} ${"frob ".repeat(12_000)}`, flush, "done"), "pack"],
  ["capabilities called like properties", () => packets(`${want} __proto__ constructor toString`, flush, "done"), "pack"],
  ["a v2 command", () => packets("command=ls-refs", flush), "ERR"],
]; // prettier-ignore

const v2: readonly Row[] = [
  ["nothing at all", () => raw(""), "ERR"],
  ["a flush", () => flush, "ERR"],
  ["no command", () => packets("agent=x", delim, flush), "ERR"],
  ["an unknown command", () => packets("command=frob", flush), "ERR"],
  ["object-info", () => packets("command=object-info", delim, "size", "oid :blob", flush), "ERR"],
  ["bundle-uri", () => packets("command=bundle-uri", flush), "ERR"],
  ["a push", () => packets("command=push", flush), "ERR"],
  ["a command like a property", () => packets("command=__proto__", flush), "ERR"],
  ["a command with NUL", () => packets("command=fetch\0", flush), "ERR"],
  ["a command in capitals", () => packets("COMMAND=fetch", flush), "ERR"],
  ["a command behind the delimiter", () => packets(delim, "command=fetch", flush), "ERR"],
  ["a flush before the command", () => packets(flush, "command=fetch", flush), "ERR"],
  ["sha256", () => packets("command=fetch", "object-format=sha256", delim, want, "done", flush), "ERR"],
  ["a fetch of nothing", () => packets("command=fetch", delim, flush), "nothing"],
  ["a fetch without a delimiter", () => packets("command=fetch", want, "done", flush), "nothing"],
  ["a fetch with two delimiters", () => packets("command=fetch", delim, delim, want, "done", flush), "pack"],
  ["a fetch with flushes between", () => packets("command=fetch", delim, want, flush, flush, "done", flush), "pack"],
  ["a fetch without its last flush", () => packets("command=fetch", delim, want, "done"), "pack"],
  ["a second command inside", () => packets("command=fetch", delim, want, "command=ls-refs", flush), "ERR"],
  ["a want by name", () => packets("command=fetch", delim, "want-ref refs/heads/main", "done", flush), "ERR"],
  ["a want of another patient's commit", () => packets("command=fetch", delim, "want :foreign", "done", flush), "ERR"],
  ["a want of a blob", () => packets("command=fetch", delim, "want :blob", "done", flush), "ERR"],
  ["a have of another patient's commit", () => packets("command=fetch", delim, want, "have :foreign", "done", flush), "pack"],
  ["packfile-uris", () => packets("command=fetch", delim, "packfile-uris https", want, "done", flush), "ERR"],
  ["sideband-all", () => packets("command=fetch", delim, "sideband-all", want, "done", flush), "ERR"],
  ["wait-for-done", () => packets("command=fetch", delim, "wait-for-done", want, "done", flush), "ERR"],
  ["a filter", () => packets("command=fetch", delim, want, "filter tree:0", "done", flush), "ERR"],
  ["a depth", () => packets("command=fetch", delim, want, "deepen 1", "done", flush), "ERR"],
  ["257 wants", () => packets("command=fetch", delim, many(257, () => want), "done", flush), "ERR"],
  ["10,001 haves", () => packets("command=fetch", delim, want, many(10_001, (n) => `have ${oid(n)}`), flush), "ERR"],
  ["10,000 prefixes", () => packets("command=ls-refs", delim, many(10_000, (n) => `ref-prefix refs/x${n}`), flush), "refs"],
  ["an agent of 60 KB", () => packets("command=fetch", `agent=${"x".repeat(60_000)}`, delim, want, "done", flush), "pack"],
]; // prettier-ignore

describe("the body of git-upload-pack", () => {
  test.for([...noPackets, ...v0])("v0: %s", async ([, body, kind]) => {
    expect(kindOf(await ask(body()))).toBe(kind);
  });
  test.for([...noPackets, ...v2])("v2: %s", async ([, body, kind]) => {
    expect(kindOf(await ask(body(), { "git-protocol": "version=2" }))).toBe(kind);
  });
});

const good = (): Uint8Array => packets(want, flush, "done");

test.for<readonly [title: string, fields: Readonly<Record<string, string>>, body: () => Uint8Array, kind: string]>([
  ["no gzip, though it says so", { "content-encoding": "gzip" }, good, malformed],
  ["gzip that is cut", { "content-encoding": "gzip" }, () => gzipSync(good()).subarray(0, -12), malformed],
  [
    "gzip with a wrong checksum",
    { "content-encoding": "gzip" },
    () => gzipSync(good()).fill(0, gzipSync(good()).length - 8),
    malformed,
  ],
  ["gzip without a header", { "content-encoding": "gzip" }, () => gzipSync(good()).subarray(10), malformed],
  ["no bytes as gzip", { "content-encoding": "gzip" }, () => raw(""), malformed],
  ["gzip of nothing", { "content-encoding": "gzip" }, () => gzipSync(""), "nothing"],
  ["gzip, unsaid", {}, () => gzipSync(good()), malformed],
  ["gzip twice", { "content-encoding": "gzip, gzip" }, () => gzipSync(gzipSync(good())), "415 unsupported-media-type"],
  ["brotli", { "content-encoding": "br" }, good, "415 unsupported-media-type"],
  ["another media type", { "content-type": "application/json" }, good, "415 unsupported-media-type"],
  [
    "a push's media type",
    { "content-type": "application/x-git-receive-pack-request" },
    good,
    "415 unsupported-media-type",
  ],
  ["version 99", { "git-protocol": "version=99" }, good, "pack"],
  ["a thousand versions", { "git-protocol": "version=1:".repeat(1_000) }, good, "pack"],
  ["a version like a property", { "git-protocol": "__proto__=2" }, good, "pack"],
])("a request with %s", async ([, fields, body, kind]) => {
  const before = edge.written();
  expect(kindOf(await ask(body(), fields))).toBe(kind);
  expect(edge.written()).toBe(before);
});

test.for<readonly [method: string, path: string, status: number]>([
  ["GET", ":git/info/refs", 400],
  ["GET", ":git/info/refs?service=git-receive-pack", 403],
  ["GET", ":git/info/refs?service=git-upload-archive", 400],
  ["GET", ":git/info/refs?service=GIT-UPLOAD-PACK", 400],
  ["GET", ":git/info/refs?service=git-upload-pack%00", 400],
  ["GET", ":git/info/refs?service=git-upload-pack&service=git-receive-pack", 400],
  ["GET", ":git/info/refs?Service=git-upload-pack", 400],
  ["POST", ":git/info/refs?service=git-upload-pack", 405],
  ["GET", ":git/git-upload-pack", 405],
  ["POST", ":git/git-receive-pack", 403],
  ["POST", ":git/git-upload-archive", 404],
  ["GET", ":git/HEAD", 404],
  ["GET", ":git/config", 404],
  ["GET", ":git/objects/info/packs", 404],
  ["GET", ":git/objects/00/00", 404],
  ["GET", ":git/../:other.git/info/refs?service=git-upload-pack", 404],
  ["GET", ":git%2finfo/refs?service=git-upload-pack", 404],
  ["GET", ":git.git/info/refs?service=git-upload-pack", 404],
  ["GET", "/git/:upper.git/info/refs?service=git-upload-pack", 404],
  ["GET", "/git/.git/info/refs?service=git-upload-pack", 404],
  ["GET", "/git/..git/info/refs?service=git-upload-pack", 404],
  ["GET", "/git/:patient/info/refs?service=git-upload-pack", 404],
])("%s %s is %i", async ([method, path, status]) => {
  const target = path
    .replace(":git", `/git/${patient}.git`)
    .replace(":other", ids.other)
    .replace(":upper", patient.toUpperCase())
    .replace(":patient", patient);
  const answer = await edge.callDirectly({
    method,
    target,
    headers: [["Authorization", `Bearer ${token}`]],
    body: raw(""),
  });
  expect(answer.status).toBe(status);
});

const lines = fc.constantFrom(
  want, "want :foreign", "want :blob", `want ${zero}`, "have :commit", `have ${oid(1)}`, "done", "deepen 1", "shallow :commit", "command=fetch",
  "command=ls-refs", "object-format=sha1", "thin-pack", "no-progress", "ofs-delta", "symrefs", "unborn", "ref-prefix refs/", "", "frob",
  `${want} side-band-64k multi_ack_detailed no-done`, `${want} side-band thin-pack multi_ack`,
); // prettier-ignore
const pieces = fc.oneof(
  { weight: 6, arbitrary: lines },
  { weight: 3, arbitrary: fc.constantFrom(flush, delim) },
  { weight: 1, arbitrary: fc.uint8Array({ maxLength: 8 }) },
);
const protocols = fc.constantFrom("version=0", "version=1", "version=2", "version=2", "x");

test("2,000 sequences of packets are answered 200 or 400, and store nothing", { timeout: 120_000 }, async () => {
  const before = edge.written();
  const kinds = new Set<string>();
  await fc.assert(
    fc.asyncProperty(fc.array(pieces, { maxLength: 12 }), protocols, async (sequence, protocol) => {
      const answer = await ask(packets(...sequence), { "git-protocol": protocol });
      const kind = kindOf(answer);
      expect(["nothing", "ERR", "pack", "NAK", "ACK", "refs", malformed]).toContain(kind);
      kinds.add(kind);
      // Another patient's commit is never acknowledged, sent or listed: at most named where it is refused.
      expect(kind !== "ERR" && answer.body.includes(ids.foreign)).toBe(false);
      expect(edge.written()).toBe(before);
    }),
    { numRuns: 2_000 },
  );
  expect([...kinds]).toEqual(expect.arrayContaining([malformed, "ERR", "nothing", "pack"]));
});

test("after all of it stock git clones, and what it gets is sound", async () => {
  await using client = await gitFolder();
  await client.git(
    "-c",
    `http.extraHeader=Authorization: Bearer ${token}`,
    "clone",
    "-q",
    `${edge.origin}/git/${patient}.git`,
    "r",
  );
  expect(await client.git("-C", "r", "fsck", "--strict", "--no-progress")).toBe("");
  expect(await client.git("-C", "r", "rev-parse", "HEAD")).toBe(`${ids.commit}\n`);
  expect(edge.lines.filter(({ event }) => event !== "request")).toEqual([]);
});
