import type { Utterance } from "./hostile-http.ts";

/** A stream that is not HTTP, or not quite, and the statuses of the answers to it; none: the connection is closed. */
export type Stream = readonly [title: string, utterance: Utterance, statuses: readonly number[]];

/** Fields of a create that would be accepted if its framing were. */
export interface Sender {
  readonly authorization: string;
  readonly body: string;
}

type Text = string | Uint8Array;

const bad = [400] as const;
const gone: readonly number[] = [];
const latin1 = (text: string): Uint8Array => Buffer.from(text, "latin1");

const refused = (title: string, ...parts: readonly Text[]): Stream => [title, { parts }, bad];
const cutOff = (title: string, ...parts: readonly Text[]): Stream => [title, { parts, ending: "half-close" }, gone];

const host = "Host: x\r\n";
const get = (line: string, fields = host): string => `${line}\r\n${fields}\r\n`;

const requestLines: readonly Stream[] = [
  cutOff("nothing", ""),
  cutOff("empty lines", "\r\n\r\n\r\n"),
  cutOff("a method", "GET"),
  cutOff("a method and a target", "GET /healthz"),
  cutOff("a request line", "GET /healthz HTTP/1.1\r\n"),
  cutOff("half a field", "GET /healthz HTTP/1.1\r\nHo"),
  cutOff("a head without its last line", "GET /healthz HTTP/1.1\r\nHost: x\r\n"),
  refused("HTTP/0.9", "GET /healthz\r\n\r\n"),
  ...[
    "HTTP/0.9",
    "HTTP/1.2",
    "HTTP/2.0",
    "HTTP/3.0",
    "HTTP/11",
    "HTTP/1",
    "HTTP/1.1.1",
    "http/1.1",
    "HTTP 1.1",
    "FTP/1.1",
    "HTTP/-1.1",
    "HTTP/1.1x",
  ].map((version) => refused(`the version ${version}`, get(`GET /healthz ${version}`))),
  refused("a blank after the version", get("GET /healthz HTTP/1.1 x")),
  refused("a blank in the target", get("GET /health z HTTP/1.1")),
  refused("tabs between the words", get("GET\t/healthz\tHTTP/1.1")),
  refused("a blank before the method", get(" GET /healthz HTTP/1.1")),
  refused("a method in lower case", get("get /healthz HTTP/1.1")),
  refused("an unknown method", get("FROB /healthz HTTP/1.1")),
  refused("a method with NUL", get("G\0T /healthz HTTP/1.1")),
  refused("a method beyond ASCII", latin1(get("G\u00c9T /healthz HTTP/1.1"))),
  refused("a method of 5,000 letters", get(`${"G".repeat(5_000)} / HTTP/1.1`)),
  refused("no blank", get("GET/healthzHTTP/1.1")),
  refused("a target without a slash", get("GET healthz HTTP/1.1")),
  refused("a target with NUL", get("GET /\0 HTTP/1.1")),
  refused("a target with a control character", get("GET /\u0001 HTTP/1.1")),
  refused("a target with DEL", get("GET /\u007f HTTP/1.1")),
  ["a target of 20,000 characters", { parts: [get(`GET /${"x".repeat(20_000)} HTTP/1.1`)] }, [431]],
  refused("the preface of HTTP/2", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"),
  refused("a greeting of TLS", Buffer.from("16030100c8010000c40303", "hex"), Buffer.alloc(200, 7)),
  refused("a greeting of SSH", "SSH-2.0-OpenSSH_9.6\r\n"),
  refused("a greeting of SOCKS", Buffer.from([5, 1, 0])),
  refused("a git daemon's request", "0033git-upload-pack /record.git\0host=x\0"),
  refused("a status line", "HTTP/1.1 200 OK\r\n\r\n"),
  refused("bytes at random", Buffer.from("f3a9c200ff10", "hex"), "\r\n\r\n"),
];

const field = (title: string, fields: Text): Stream => refused(title, "GET /healthz HTTP/1.1\r\n", fields, "\r\n\r\n");

const fields: readonly Stream[] = [
  refused("no host", "GET /healthz HTTP/1.1\r\n\r\n"),
  field("two hosts", "Host: x\r\nHost: y"),
  field("one host twice", "Host: x\r\nHost: x"),
  field("two hosts in one field", "Host: x, y"),
  field("a blank before the colon", "Host : x"),
  field("no colon", "Host: x\r\nFrob"),
  field("no name", "Host: x\r\n: y"),
  field("a name with a blank", "Host: x\r\nA b: c"),
  field("a name with NUL", "Host: x\r\nA\0: c"),
  field("a name beyond ASCII", latin1("Host: x\r\n\u00c9: c")),
  field("a name in brackets", "Host: x\r\n(a): c"),
  field("a value with NUL", "Host: x\r\nA: b\0c"),
  field("a value with a bare CR", "Host: x\r\nA: b\rc"),
  field("a value with a control character", "Host: x\r\nA: b\u0001c"),
  field("a value with DEL", "Host: x\r\nA: b\u007fc"),
  field("a first line that is folded", " Host: x"),
  refused("bare LF for every line end", "GET /healthz HTTP/1.1\nHost: x\n\n"),
  refused("bare LF after the request line", "GET /healthz HTTP/1.1\nHost: x\r\n\r\n"),
  refused("bare LF after a field", "GET /healthz HTTP/1.1\r\nHost: x\nA: b\r\n\r\n"),
  refused("bare LF at the end of the head", "GET /healthz HTTP/1.1\r\nHost: x\r\n\n"),
  refused("bare CR for every line end", "GET /healthz HTTP/1.1\rHost: x\r\r"),
  refused("CR CR LF", "GET /healthz HTTP/1.1\r\r\nHost: x\r\n\r\n"),
  ["17 KiB of fields", { parts: [get("GET /healthz HTTP/1.1", `${host}A: ${"x".repeat(17_000)}\r\n`)] }, [431]],
  ["17 KiB of many fields", { parts: [get("GET /healthz HTTP/1.1", host + "a:b\r\n".repeat(3_500))] }, [431]],
  ["an expectation that nobody meets", { parts: [get("GET /healthz HTTP/1.1", `${host}Expect: 200-maybe\r\n`)] }, [417]],
  ["CONNECT", { parts: ["CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n"] }, [405]],
  ["CONNECT with bytes for the tunnel", { parts: ["CONNECT x:443 HTTP/1.1\r\nHost: x\r\n\r\n", get("GET /healthz HTTP/1.1")] }, [405]],
  ["CONNECT to a path", { parts: ["CONNECT /healthz HTTP/1.1\r\nHost: x\r\n\r\n"] }, [405]],
]; // prettier-ignore

/** Streams whose framing could be read in two ways; behind each stands a create that must not be carried out. */
const framings = ({ authorization, body }: Sender): readonly Stream[] => {
  const own = `${host}Authorization: ${authorization}\r\nContent-Type: application/json\r\n`;
  const create = (more: string): string =>
    `POST /v1/patients HTTP/1.1\r\n${own}Idempotency-Key: framing\r\n${more}\r\n`;
  const whole = `${create(`Content-Length: ${body.length}\r\n`)}${body}`;
  const length = (value: string): Stream =>
    refused(`Content-Length ${JSON.stringify(value)}`, create(`Content-Length: ${value}\r\n`), body);
  const coding = (title: string, more: string, ...rest: readonly Text[]): Stream =>
    refused(title, create(more), ...rest);
  const chunked = "Transfer-Encoding: chunked\r\n";
  const inChunks = `${body.length.toString(16)}\r\n${body}\r\n0\r\n\r\n`;
  const chunk = (title: string, ...parts: readonly Text[]): Stream =>
    refused(`a chunk ${title}`, create(chunked), ...parts);
  return [
    ...["-1", "+1", "1e1", "0x10", "1 2", "1,1", "1, 2", "one", "1.0", "99999999999999999999", "\u00b2", "1;2"].map(length),
    refused("two lengths that differ", create(`Content-Length: ${body.length}\r\nContent-Length: 1\r\n`), body),
    refused("one length twice", create(`Content-Length: ${body.length}\r\nContent-Length: ${body.length}\r\n`), body),
    coding("a length, then chunked", `Content-Length: ${inChunks.length}\r\n${chunked}`, inChunks, whole),
    coding("chunked, then a length", `${chunked}Content-Length: 4\r\n`, inChunks, whole),
    coding("chunked behind another coding's name", "Transfer-Encoding: xchunked\r\n", inChunks),
    coding("a coding after chunked", "Transfer-Encoding: chunked, identity\r\n", inChunks),
    coding("chunked twice in one field", "Transfer-Encoding: chunked, chunked\r\n", inChunks),
    coding("chunked in two fields", chunked + chunked, inChunks),
    coding("identity", "Transfer-Encoding: identity\r\n", inChunks),
    coding("gzip alone", "Transfer-Encoding: gzip\r\n", inChunks),
    coding("chunked and a blank before the colon", "Transfer-Encoding : chunked\r\n", inChunks),
    coding("chunked behind a vertical tab", "Transfer-Encoding: \vchunked\r\n", inChunks),
    coding("chunked on a folded line", `Content-Length: 4\r\nTransfer-Encoding:\r\n chunked\r\n`, inChunks),
    coding("a length on a folded line", `Content-Length:\r\n ${body.length}\r\n${chunked}`, inChunks),
    coding("a length behind a bare CR", `A: b\rContent-Length: 4\r\n${chunked}`, inChunks),
    chunk("without a size", "\r\n", inChunks),
    chunk("of a size in words", "zz\r\n"),
    chunk("of a negative size", "-5\r\nhello\r\n"),
    chunk("of a size with a sign", "+5\r\nhello\r\n"),
    chunk("of a size with 0x", "0x5\r\nhello\r\n"),
    chunk("of a size beyond 64 bits", "fffffffffffffffff\r\n"),
    chunk("of a size behind a blank", " 5\r\nhello\r\n"),
    chunk("whose size ends with LF", "5\nhello\r\n0\r\n\r\n"),
    chunk("whose extension hides LF", `5;\n\r\nhello\r\n0\r\n\r\n`),
    chunk("longer than its size", "3\r\nhello\r\n0\r\n\r\n"),
    chunk("that ends with LF", "5\r\nhello\n0\r\n\r\n"),
    chunk("that ends without a line", "5\r\nhello0\r\n\r\n"),
    chunk("with a trailer that is none", `${body.length.toString(16)}\r\n${body}\r\n0\r\nA b\r\n\r\n`),
    cutOff("a chunk that is cut", create(chunked), "ff\r\nhello"),
    cutOff("chunks without the last", create(chunked), `${body.length.toString(16)}\r\n${body}\r\n`),
    cutOff("a body that is shorter than its length", create(`Content-Length: ${body.length + 1}\r\n`), body),
    ...cuts(whole),
  ]; // prettier-ignore
};

/** A create that is left off, and one whose connection is reset, at a dozen places each. */
const cuts = (whole: string): readonly Stream[] =>
  Array.from({ length: 12 }, (_, n) => Math.floor(((n + 1) * whole.length) / 13)).flatMap((at): Stream[] => [
    cutOff(`a create cut after ${at} bytes`, whole.slice(0, at)),
    [`a create reset after ${at} bytes`, { parts: [whole.slice(0, at)], ending: "reset" }, gone],
  ]);

const close = `${host}Connection: close\r\n`;
const last = get("GET /healthz HTTP/1.1", close);
const first = get("GET /healthz HTTP/1.1");
const upgrade = (protocol: string, more = ""): string =>
  get("GET /healthz HTTP/1.1", `${close.replace("close", "close, Upgrade")}Upgrade: ${protocol}\r\n${more}`);

/** Streams that are HTTP, though odd: exactly these answers, and then the end. */
export const oddStreams: readonly Stream[] = [
  ["empty lines before a request", { parts: ["\r\n\r\n", last] }, [200]],
  ["a request in single bytes", { parts: last.split("") }, [200]],
  ["a client that closes its side behind its request", { parts: [first], ending: "half-close" }, [200]],
  ["a target in absolute form", { parts: [get("GET http://other/healthz HTTP/1.1", close)] }, [200]],
  ["a scheme without an authority", { parts: [get("GET http:// HTTP/1.1", close)] }, [404]],
  ["an asterisk for a target", { parts: [get("OPTIONS * HTTP/1.1", close)] }, [404]],
  ["an authority for a target", { parts: [get("GET //evil.test/healthz HTTP/1.1", close)] }, [404]],
  ["a fragment in the target", { parts: [get("GET /healthz#x HTTP/1.1", close)] }, [404]],
  ["an upgrade to websocket", { parts: [upgrade("websocket", "Sec-WebSocket-Key: x\r\nSec-WebSocket-Version: 13\r\n")] }, [200]],
  ["an upgrade to h2c", { parts: [upgrade("h2c", "HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n")] }, [200]],
  ["HTTP/1.0 without a host", { parts: ["GET /healthz HTTP/1.0\r\n\r\n"] }, [200]],
  ["three requests at once", { parts: [first + first + last] }, [200, 200, 200]],
  ["a hundred requests at once", { parts: [first.repeat(99) + last] }, Array.from({ length: 100 }, () => 200)],
  ["a request behind the last one", { parts: [last + first + first] }, [200]],
  ["two requests and nonsense: the answer under way ends the connection", { parts: [`${first}${first}NONSENSE\r\n\r\n`] }, [200]],
  ["a request, then one with two framings: the same", { parts: [`${first}${get("POST /v1/patients HTTP/1.1", `${host}Content-Length: 4\r\nTransfer-Encoding: chunked\r\n`)}0\r\n\r\n`] }, [200]],
  ["a GET whose body is a request", { parts: [get("GET /healthz HTTP/1.1", `${close}Content-Length: ${first.length}\r\n`), first] }, [200]],
  ["a refused POST whose body is a request", { parts: [get("POST /v1/patients HTTP/1.1", `${close}Content-Length: ${first.length}\r\n`), first] }, [401]],
  ["a chunk with an extension and a trailer", { parts: [get("POST /v1/patients HTTP/1.1", `${close}Transfer-Encoding: chunked\r\n`), "2;a=b\r\n{}\r\n0\r\nHost: y\r\n\r\n"] }, [401]],
  ["a body that was to wait for 100 Continue", { parts: [get("POST /v1/patients HTTP/1.1", `${close}Expect: 100-continue\r\nContent-Length: 2\r\n`), "{}"] }, [401]],
]; // prettier-ignore

/** Every stream that is to be refused or cut. */
export const brokenStreams = (sender: Sender): readonly Stream[] => [...requestLines, ...fields, ...framings(sender)];
