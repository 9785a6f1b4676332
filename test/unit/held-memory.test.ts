import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { compactedSegment } from "../../shared/git/compaction.ts";
import { decodeFooter } from "../../shared/git/footer.ts";
import { openRepository } from "../../shared/git/repository.ts";
import { segmentCache } from "../../shared/git/segment-cache.ts";
import { segmentsInOrder } from "../../shared/git/segment-id.ts";
import type { ReadSegment } from "../../shared/git/state.ts";
import { flushPacket, linePacket } from "../../shared/git/pkt-line.ts";
import { answerUploadPack } from "../../shared/git/upload-pack.ts";
import { heldReads, liveBytes } from "../support/held-memory.ts";
import { aDraft, changesOf, storedRecord } from "../support/stored-record.ts";

type Stored = ReturnType<typeof storedRecord>;

const KB = 1024;
const MB = 1024 * KB;

/** Text of this many bytes that does not deflate to much less. */
const noise = (bytes: number): string => randomBytes((bytes * 3) / 4).toString("base64");

const sealedOf = ({ head }: Stored) => segmentsInOrder(head().packs).filter((id) => head().packs[id]?.sealed);

/** Reads of a record that each give a new buffer. */
const copies =
  ({ segments }: Stored): ReadSegment =>
  async (id, range) =>
    Uint8Array.from(segments.get(id)!.subarray(range?.from, range?.to));

/** Merges all sealed segments of a record. */
const compact = async (record: Stored, read = copies(record)): Promise<Uint8Array> => {
  const { packs } = record.head();
  const merged = await compactedSegment({ packs, generation: 0 }, sealedOf(record), { read, random: "merged" });
  record.replace(merged.packs.put, new Map([[merged.id, merged.bytes]]), merged.packs.remove);
  return merged.bytes;
};

test("a merge of 17 segments holds little of them at a time: small ones, and a part of a large one", async () => {
  const record = storedRecord();
  const large = Object.fromEntries(Array.from({ length: 8 }, (_, n) => [`letters/l-${n}.md`, noise(800 * KB)]));
  await record.commit(large, true);
  for (let n = 0; n < 16; n++) await record.commit({ "notes/a.md": noise(20 * KB) }, true);
  const held = heldReads(copies(record));
  const merged = await compact(record, held.read);
  expect(merged.length).toBeGreaterThan(4 * MB);
  expect(held.total()).toBeGreaterThan(4 * MB);
  expect(held.most()).toBeLessThan(2 * MB);
});

const aNote = (_: unknown, n: number) => aDraft(changesOf({ [`notes/n-${n % 10}.md`]: noise(1_000) }));

/** 10,000 commits, most of them in one large segment as merges make them. */
const aLongRecord = async () => {
  const record = storedRecord();
  const write = async (from: number) => {
    for (let at = from; at < from + 5_000; at += 250) await record.write(Array.from({ length: 250 }, aNote));
  };
  await write(0);
  await compact(record);
  await write(5_000);
  return record;
};

/** What a v2 client sends that has nothing yet. */
const cloneRequest = (tip: string): Uint8Array =>
  Buffer.concat([
    linePacket("command=fetch"),
    Buffer.from("0001"),
    linePacket(`want ${tip}`),
    linePacket("done"),
    flushPacket,
  ]);

test("a clone of 10,000 commits holds two parts of packs at a time, and an index of some 40 bytes an object", async () => {
  const record = await aLongRecord();
  const held = heldReads(copies(record));
  const before = await liveBytes();
  const answer = await answerUploadPack({ ...record.source, read: held.read }, 2, cloneRequest(record.head().commit!));
  if (answer instanceof Uint8Array) throw new Error("refused");
  let sent = 0;
  let most = 0;
  let parts = 0;
  for await (const { length } of answer) {
    sent += length;
    // A look takes a whole garbage collection.
    if (parts++ % 4 === 0) most = Math.max(most, (await liveBytes()) - before);
  }
  expect(sent).toBeGreaterThan(10 * MB);
  expect(held.most()).toBeLessThan(MB);
  expect(most).toBeLessThan(5 * MB);
}, 60_000);

test("what is kept of footers and packs keeps nothing else of the buffers that were read", async () => {
  const record = storedRecord();
  for (let n = 0; n < 20; n++) await record.commit({ "notes/a.md": noise(20 * KB), "notes/b.md": `${n}` }, true);
  const { packs } = record.head();
  const whole: ReadSegment = async (id, range) =>
    Uint8Array.from(record.segments.get(id)!).subarray(range?.from, range?.to);
  const held = heldReads(whole);
  const cache = segmentCache(4 * MB);
  const repository = openRepository({ patientId: "p", packs, commits: 20, read: held.read, cache });
  for (const [segment, { id }] of repository.segments.places.entries()) {
    for (const entry of decodeFooter(record.segments.get(id)!).commits()) {
      await repository.object((await repository.find(entry.oid, segment))!);
    }
  }
  expect(held.total()).toBeGreaterThan(20 * 15 * KB);
  expect(await held.now()).toBe(0);
});
