import { brotliCompressSync, constants, deflateRawSync, deflateSync, gzipSync } from "node:zlib";
import type { WireRequest } from "./hostile-edge.ts";

/** A small request that stands for much work or memory, and the answer to it. */
export interface Bomb {
  readonly title: string;
  readonly request: WireRequest;
  readonly status: number;
  readonly code: string;
}

const most = 256 * 1024;
const room = most - 2_000;

/** Repeats until the limit of a body is nearly reached. */
const fill = (text: string, bytes = room): string => text.repeat(Math.floor(bytes / text.length));

const laughs = (levels: number): string => {
  const lines = Array.from({ length: levels }, (_, n) => {
    const of = n === 0 ? "lol" : `*a${n - 1}`;
    return `a${n}: &a${n} [${Array.from({ length: 10 }, () => of).join(",")}]`;
  });
  return lines.join("\n");
};

const numbered = (count: number, line: (n: number) => string): string =>
  Array.from({ length: count }, (_, n) => line(n)).join("\n");

/** Put where the service parses what it is given. */
const yaml: Readonly<Record<string, string>> = {
  "a billion laughs": laughs(10),
  "a billion laughs by merging": numbered(20, (n) => `a${n}: &a${n}\n  <<: [${n === 0 ? "{x: 1}" : `*a${n - 1}, *a${n - 1}`}]`),
  "an alias of itself": "a: &a [*a]",
  "20,000 anchors": numbered(20_000, (n) => `a${n}: &x${n} 1`).slice(0, room),
  "lists in lists": fill("["),
  "closed lists in lists": fill("[", room / 2) + fill("]", room / 2),
  "maps in maps": fill("{a: "),
  "lists by dashes": `${fill("- ")}x`,
  "keys by question marks": `${fill("? ")}x`,
  "levels by blanks": numbered(600, (n) => `${" ".repeat(n)}a:`),
  "30,000 keys": numbered(30_000, (n) => `k${n}: 1`).slice(0, room),
  "a key of 250 KB": `${fill("k")}: 1`,
  "a number of 250,000 digits": `a: ${fill("9")}`,
  "a quote that never ends": `a: "${fill("x")}`,
  "a block of empty lines": `a: |\n${fill("\n")}`,
  "40,000 documents": fill("---\n"),
  "a tag that makes a function": "a: !!js/function 'function () { return 1 }'",
  "tags on tags": fill("!a "),
  "colons": fill(":"),
  "a prototype": "__proto__: {admin: true}\nconstructor: {prototype: {x: 1}}",
  "a directive": fill("%TAG ! tag:x,2026:\n"),
}; // prettier-ignore

const patient = (name: string): string => `{"name":${name},"birthDate":"1990-04-02","sex":"female"}`;

const json: Readonly<Record<string, readonly [text: string, code: "malformed-json" | "invalid-request"]>> = {
  "lists in lists": [fill("["), "malformed-json"],
  "closed lists in lists": [fill("[", room / 2) + fill("]", room / 2), "malformed-json"],
  "objects in objects": [patient(fill('{"a":', room - 100)), "malformed-json"],
  "closed objects in objects": [patient(`${'{"a":'.repeat(30_000)}1${"}".repeat(30_000)}`), "malformed-json"],
  "33 levels": [patient("[".repeat(32) + "]".repeat(32)), "malformed-json"],
  "a number of 250,000 digits": [patient(fill("9", room - 100)), "invalid-request"],
  "a number beyond all": [patient("1e999999999"), "invalid-request"],
  "30,000 keys": [patient(`{${Array.from({ length: 20_000 }, (_, n) => `"k${n}":1`).join(",")}}`), "invalid-request"],
  "one key 20,000 times": [patient(`{${fill('"k":1,', room - 200)}"k":1}`), "malformed-json"],
  "a key of 250 KB": [patient(`{"${fill("k", room - 200)}":1}`), "invalid-request"],
  "a name of 250 KB": [patient(`{"family":"${fill("x", room - 200)}","given":[]}`), "invalid-request"],
  "100,000 given names": [patient(`{"family":"x","given":[${fill('"",', room - 200)}""]}`), "invalid-request"],
  "escapes alone": [patient(`"${fill("\\u0041", room - 200)}"`), "invalid-request"],
  "backslashes": [`"${fill("\\\\", room - 200)}`, "malformed-json"],
  "blanks": [fill(" "), "malformed-json"],
  "a prototype": [patient('{"__proto__":{"family":"x","given":[]}}'), "malformed-json"],
  "a constructor": [patient('{"constructor":{"prototype":{"family":"x"}}}'), "malformed-json"],
  "a prototype in escapes": [patient('{"\\u005f\\u005fproto__":1}'), "malformed-json"],
}; // prettier-ignore

type Fields = WireRequest["headers"];

const jsonFields: Fields = [
  ["Content-Type", "application/json"],
  ["Authorization", ":token"],
  ["Idempotency-Key", "bomb"],
];

const create = (body: Uint8Array | string, more: Fields = []): WireRequest => ({
  method: "POST",
  target: "/v1/patients",
  headers: [...jsonFields, ...more],
  body: Buffer.from(body),
});

const putYaml = (path: string, body: string): WireRequest => ({
  method: "PUT",
  target: `/v1/patients/:patient/files/${path}`,
  headers: [["Content-Type", "application/yaml"], ["Authorization", ":token"], ["Idempotency-Key", "bomb"], ["If-Match", `"${"0".repeat(40)}"`]],
  body: Buffer.from(body),
}); // prettier-ignore

const fetchPack = (body: Uint8Array, encoding: string): WireRequest => ({
  method: "POST",
  target: "/git/:patient.git/git-upload-pack",
  headers: [["Content-Type", "application/x-git-upload-pack-request"], ["Authorization", ":token"], ["Content-Encoding", encoding]],
  body,
}); // prettier-ignore

/** So many MB of zeros in gzip, about 1 KB each, made without ever holding them: one block, again and again. */
const megabytes = (count: number): Uint8Array => {
  const block = deflateRawSync(Buffer.alloc(1_000_000), { level: 9, finishFlush: constants.Z_FULL_FLUSH });
  const head = Buffer.from("1f8b08000000000000ff", "hex");
  const end = Buffer.concat([deflateRawSync(""), Buffer.alloc(8)]);
  return Buffer.concat([head, ...Array.from({ length: count }, () => block), end]);
};

/** Fields that a careless pattern would take long to read. */
const longFields: readonly (readonly [name: string, value: string])[] = [
  ["Prefer", fill('a="b,', 14_000)],
  ["Prefer", `a${fill(" ", 14_000)}=`],
  ["Content-Type", `application/json${fill(" ", 14_000)};x`],
  ["Idempotency-Key", fill("k", 14_000)],
];

const member = gzipSync(Buffer.alloc(1_000_000), { level: 9 });

/** Every bomb; `:token` and `:patient` are filled in when it is sent. */
export const bombs = (): readonly Bomb[] => [
  ...Object.entries(yaml).flatMap(([title, body]) =>
    ["demographics/patient.yaml", "ehr_status.yaml"].map(
      (path): Bomb => ({ title: `YAML of ${title} for ${path}`, request: putYaml(path, body), status: 422, code: "invalid-record" }),
    ),
  ),
  ...Object.entries(json).map(
    ([title, [body, code]]): Bomb => ({ title: `JSON of ${title}`, request: create(body), status: 400, code }),
  ),
  ...["gzip", "deflate", "br", "gzip, gzip"].map((coding): Bomb => {
    const body = { gzip: gzipSync, deflate: deflateSync, br: brotliCompressSync, "gzip, gzip": gzipSync }[coding]!(Buffer.alloc(5_000_000));
    return { title: `5 MB of JSON as ${coding}`, request: create(body, [["Content-Encoding", coding]]), status: 415, code: "unsupported-media-type" };
  }),
  { title: "a body of a byte too many", request: create(fill(" ", most + 1)), status: 413, code: "payload-too-large" },
  { title: "a body of 4 MB", request: create(fill(" ", 4_000_000)), status: 413, code: "payload-too-large" },
  { title: "upload-pack: 1 MB and a byte", request: fetchPack(Buffer.alloc(1_000_001), "identity"), status: 413, code: "payload-too-large" },
  { title: "upload-pack: 900 MB of zeros in gzip", request: fetchPack(megabytes(900), "gzip"), status: 413, code: "payload-too-large" },
  { title: "upload-pack: 900 gzip members of 1 MB", request: fetchPack(Buffer.concat(Array.from({ length: 900 }, () => member)), "x-gzip"), status: 413, code: "payload-too-large" },
  { title: "upload-pack: gzip in gzip", request: fetchPack(gzipSync(megabytes(300)), "gzip"), status: 400, code: "invalid-request" },
  { title: "upload-pack: 5 MB as deflate", request: fetchPack(deflateSync(Buffer.alloc(5_000_000)), "deflate"), status: 415, code: "unsupported-media-type" },
  ...longFields.map(([name, value], n): Bomb => {
    const { headers, ...request } = create(patient("1"));
    const fields = headers.filter(([given]) => given !== name);
    const [status, code] = n < 2 ? [400, "invalid-request"] as const : n === 2 ? [415, "unsupported-media-type"] as const : [400, "idempotency-key-required"] as const;
    return { title: `a ${name} of 14 KB, ${n}`, request: { ...request, headers: [...fields, [name, value]] }, status, code };
  }),
]; // prettier-ignore
