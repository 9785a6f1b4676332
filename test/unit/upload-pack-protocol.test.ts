import { expect, test } from "vitest";
import { decodePackets, delimiterPacket, flushPacket, linePacket } from "../../shared/git/pkt-line.ts";
import { advertise, answerUploadPack, protocolOf, type ProtocolVersion } from "../../shared/git/upload-pack.ts";
import { storedRecord } from "../support/stored-record.ts";

const noCommit = "0".repeat(40);
const unknown = "f".repeat(40);

const texts = (bytes: Uint8Array): (string | null)[] =>
  decodePackets(bytes).map((packet) => (packet.kind === "line" ? packet.text : null));

const body = (...parts: readonly (string | Uint8Array)[]): Uint8Array =>
  Buffer.concat(parts.map((part) => (typeof part === "string" ? linePacket(part) : part)));

const collected = async (answer: Uint8Array | AsyncIterable<Uint8Array>): Promise<Buffer> => {
  if (answer instanceof Uint8Array) return Buffer.from(answer);
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  return Buffer.concat(chunks);
};

/** Three commits in two segments. */
const aRepository = async () => {
  const record = storedRecord();
  const commits = [
    await record.commit({ "a.md": "1" }, true),
    await record.commit({ "a.md": "2" }),
    await record.commit({ "a.md": "3" }),
  ];
  const ask = async (protocol: ProtocolVersion, ...parts: readonly (string | Uint8Array)[]): Promise<Buffer> =>
    collected(await answerUploadPack(record.source, protocol, body(...parts)));
  return { ...record, commits, ask };
};

/** Number of objects that the pack in an answer's side band says it has; undefined where there is no pack. */
const objectsIn = (answer: Buffer): number | undefined => {
  const at = answer.indexOf("PACK");
  return at < 0 ? undefined : answer.readUInt32BE(at + 8);
};

const fetchV2 = ["command=fetch", "agent=test", delimiterPacket, "thin-pack", "ofs-delta"] as const;

test("the version is the highest that both sides speak", () => {
  expect(
    [undefined, "", "version=0", "version=1", "version=2", "version=1:version=2", "version=3", "x"].map(protocolOf),
  ).toEqual([0, 0, 0, 1, 2, 2, 0, 0]);
});

test("v0 and v1 advertise the branch, HEAD and its symref; v2 its commands", () => {
  const tip = "a".repeat(40);
  const [service, , first, second, end] = texts(advertise(0, tip));
  expect(service).toBe("# service=git-upload-pack");
  expect(first).toMatch(new RegExp(`^${tip} HEAD\0.*side-band-64k.* symref=HEAD:refs/heads/main `));
  expect([second, end]).toEqual([`${tip} refs/heads/main`, null]);
  expect(texts(advertise(1, tip))[2]).toBe("version 1");
  expect(texts(advertise(2, tip))).toEqual([
    "version 2",
    "agent=casenotes",
    "ls-refs=unborn",
    "fetch",
    "object-format=sha1",
    null,
  ]);
});

test("a repository without a commit advertises capabilities only, and an unborn HEAD to those who ask", async () => {
  const { source } = storedRecord();
  expect(texts(advertise(0, null))[2]).toMatch(new RegExp(`^${noCommit} capabilities\\^{}\0`));
  const ask = async (...args: readonly string[]) =>
    texts(
      await collected(
        await answerUploadPack(source, 2, body("command=ls-refs", delimiterPacket, ...args, flushPacket)),
      ),
    );
  expect(await ask("symrefs", "unborn")).toEqual(["unborn HEAD symref-target:refs/heads/main", null]);
  expect(await ask("symrefs")).toEqual([null]);
});

test("ls-refs shows what its prefixes ask for", async () => {
  const { ask, commits } = await aRepository();
  const refs = async (...args: readonly string[]) =>
    texts(await ask(2, "command=ls-refs", delimiterPacket, ...args, flushPacket));
  expect(await refs()).toEqual([`${commits[2]} HEAD`, `${commits[2]} refs/heads/main`, null]);
  expect(await refs("symrefs", "peel", "ref-prefix HEAD")).toEqual([
    `${commits[2]} HEAD symref-target:refs/heads/main`,
    null,
  ]);
  expect(await refs("ref-prefix refs/tags/", "ref-prefix refs/heads/")).toEqual([
    `${commits[2]} refs/heads/main`,
    null,
  ]);
  expect(await refs("ref-prefix refs/tags/")).toEqual([null]);
});

test("v2 answers NAK to strangers, and ready with the pack as soon as one commit is shared", async () => {
  const { ask, commits } = await aRepository();
  const want = `want ${commits[2]}`;
  expect(texts(await ask(2, ...fetchV2, want, `have ${unknown}`, flushPacket))).toEqual([
    "acknowledgments",
    "NAK",
    null,
  ]);
  const ready = await ask(2, ...fetchV2, want, `have ${unknown}`, `have ${commits[1]}`, flushPacket);
  expect(texts(ready).slice(0, 5)).toEqual(["acknowledgments", `ACK ${commits[1]}`, "ready", null, "packfile"]);
  expect(objectsIn(ready)).toBe(3);
  const done = await ask(2, ...fetchV2, want, `have ${commits[0]}`, "done", flushPacket);
  expect(texts(done)[0]).toBe("packfile");
  expect(objectsIn(done)).toBe(6);
});

test("any commit of the log may be wanted; the pack ends with it", async () => {
  const { ask, commits } = await aRepository();
  for (const [number, commit] of commits.entries()) {
    expect(objectsIn(await ask(2, ...fetchV2, `want ${commit}`, "done", flushPacket))).toBe(3 * (number + 1));
  }
});

test("a client that has all of it gets an empty pack", async () => {
  const { ask, commits } = await aRepository();
  expect(objectsIn(await ask(2, ...fetchV2, `want ${commits[0]}`, `have ${commits[2]}`, "done", flushPacket))).toBe(0);
});

test.for([0, 2] as const)("protocol v%i: what is not a commit of the log is not served", async (protocol) => {
  const { ask, source } = await aRepository();
  const blob = "56a6051ca2b02b04ef92d5150c9ef600403cb1de";
  expect(source).toBeDefined();
  for (const oid of [unknown, blob]) {
    const parts =
      protocol === 2 ? [...fetchV2, `want ${oid}`, "done", flushPacket] : [`want ${oid}`, flushPacket, "done"];
    expect(texts(await ask(protocol, ...parts))).toEqual([`ERR upload-pack: not our ref ${oid}`]);
  }
});

test.for([
  ["deepen 1", /whole history/],
  ["shallow " + unknown, /whole history/],
  ["filter blob:none", /whole history/],
  ["have x", /object id/],
  ["want " + unknown.slice(1), /object id/],
  ["want-ref refs/heads/main", /does not know/],
  ["constructor", /does not know/],
] as const)("v2 refuses %j in words", async ([line, words]) => {
  const { ask, commits } = await aRepository();
  const [answer, ...rest] = texts(await ask(2, ...fetchV2, `want ${commits[0]}`, line, "done", flushPacket));
  expect(answer).toMatch(/^ERR /);
  expect(answer).toMatch(words);
  expect(rest).toEqual([]);
});

test("unknown commands and object formats are refused in words", async () => {
  const { ask } = await aRepository();
  expect(texts(await ask(2, "command=object-info", flushPacket))[0]).toMatch(/^ERR the commands/);
  expect(texts(await ask(2, flushPacket))[0]).toMatch(/^ERR the commands/);
  expect(texts(await ask(2, "command=fetch", "object-format=sha256", delimiterPacket, flushPacket))[0]).toMatch(
    /^ERR .*sha1/,
  );
});

const many = (verb: string, count: number, oid: string): string[] =>
  Array.from({ length: count }, () => `${verb} ${oid}`);

test("256 wants and 10,000 haves are taken, one more is refused", async () => {
  const { ask, commits } = await aRepository();
  const wants = many("want", 256, commits[0]!);
  const haves = many("have", 10_000, unknown);
  expect(objectsIn(await ask(2, ...fetchV2, ...wants, ...haves, "done", flushPacket))).toBe(3);
  expect(texts(await ask(2, ...fetchV2, ...wants, wants[0]!, "done"))[0]).toMatch(/^ERR too many wants/);
  expect(texts(await ask(2, ...fetchV2, wants[0]!, ...haves, haves[0]!, "done"))[0]).toMatch(/^ERR too many haves/);
  expect(texts(await ask(0, ...wants, wants[0]!, flushPacket, "done"))[0]).toMatch(/^ERR too many wants/);
});

test("a request that wants nothing gets nothing", async () => {
  const { ask } = await aRepository();
  expect(await ask(0, flushPacket)).toHaveLength(0);
  expect(await ask(2, ...fetchV2, "done", flushPacket)).toHaveLength(0);
});

test.for([
  ["multi_ack_detailed no-done", "have", ["ACK 1 common", "ACK 1 ready", "NAK", "ACK 1"], true],
  ["multi_ack_detailed", "have", ["ACK 1 common", "ACK 1 ready", "NAK"], false],
  ["multi_ack", "have", ["ACK 1 continue", "NAK"], false],
  ["", "have", ["ACK 1"], false],
  ["multi_ack_detailed", "done", ["ACK 1 common", "ACK 1"], true],
  ["multi_ack", "done", ["ACK 1 continue", "ACK 1"], true],
  ["", "done", ["ACK 1"], true],
] as const)("v0 with %j after %s acknowledges as Git does", async ([capabilities, end, acks, pack]) => {
  const { ask, commits } = await aRepository();
  const answer = await ask(
    0,
    `want ${commits[2]} side-band-64k ${capabilities}`,
    flushPacket,
    `have ${commits[1]}`,
    end === "done" ? "done" : flushPacket,
  );
  const at = answer.indexOf("PACK");
  const head = texts(answer.subarray(0, at < 0 ? answer.length : at - 5));
  expect(head).toEqual(acks.map((line) => line.replace("1", commits[1]!)));
  expect(at >= 0).toBe(pack);
});

test.for(["multi_ack_detailed", "multi_ack", ""])("v0 with %j and nothing shared answers NAK", async (capabilities) => {
  const { ask, commits } = await aRepository();
  const opening = [`want ${commits[2]} ${capabilities}`, flushPacket, `have ${unknown}`];
  expect(texts(await ask(0, ...opening, flushPacket))).toEqual(["NAK"]);
  const done = await ask(0, ...opening, "done");
  expect(done.subarray(0, 12).toString()).toBe("0008NAK\nPACK");
});

test("side bands carry the size that was asked for, and none when none was", async () => {
  const { ask, commits } = await aRepository();
  const small = await ask(0, `want ${commits[2]} side-band`, flushPacket, "done");
  expect(small.subarray(13, 17).toString()).toBe("PACK");
  expect(small.subarray(-4).toString()).toBe("0000");
  const bare = await ask(0, `want ${commits[2]}`, flushPacket, "done");
  expect(bare.subarray(8, 12).toString()).toBe("PACK");
});
