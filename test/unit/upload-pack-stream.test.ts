import { execFileSync } from "node:child_process";
import { expect, test } from "vitest";
import { Fault } from "../../shared/errors.ts";
import { compactedSegment } from "../../shared/git/compaction.ts";
import { decodePackets, linePacket, flushPacket } from "../../shared/git/pkt-line.ts";
import { segmentsInOrder } from "../../shared/git/segment-id.ts";
import type { ReadSegment } from "../../shared/git/state.ts";
import { answerUploadPack, type CloneSource } from "../../shared/git/upload-pack.ts";
import { gitFolder, gitServer } from "../support/git-server.ts";
import { aDraft, changesOf, storedRecord } from "../support/stored-record.ts";

type Stored = ReturnType<typeof storedRecord>;

/** Merges every sealed segment of a record under a new id. */
const compact = async (record: Stored, generation: number): Promise<void> => {
  const { packs } = record.head();
  const sealed = segmentsInOrder(packs).filter((id) => packs[id]?.sealed);
  const read: ReadSegment = async (id, range) => record.segments.get(id)!.subarray(range?.from, range?.to);
  const merged = await compactedSegment({ packs, generation }, sealed, { read, random: "merged" });
  record.replace(merged.packs.put, new Map([[merged.id, merged.bytes]]), merged.packs.remove);
};

/** A folder large enough that its tree is stored as a delta of the one before. */
const manyNotes = Object.fromEntries(Array.from({ length: 40 }, (_, n) => [`notes/n-${n}.md`, `${n}\n`]));

/** One note among many goes A, B, A … each in a sealed segment of its own. */
const backAndForth = async (count: number) => {
  const record = storedRecord();
  const commits = [await record.commit({ ...manyNotes, "notes/a.md": "B\n" }, true)];
  for (let n = 0; n < count - 1; n++) {
    commits.push(await record.commit({ "notes/a.md": n % 2 === 0 ? "A\n" : "B\n", "x/y.md": `${n >> 1}` }, true));
  }
  return { record, commits };
};

/** The pack that a v0 client without side bands gets. */
const packOf = async (source: CloneSource, want: string, have: string | null, capabilities = ""): Promise<Buffer> => {
  const haves = have === null ? [] : [linePacket(`have ${have}`)];
  const request = [linePacket(`want ${want} ${capabilities}`), flushPacket, ...haves, linePacket("done")];
  const answer = await answerUploadPack(source, 0, Buffer.concat(request));
  if (answer instanceof Uint8Array)
    throw new Error(
      decodePackets(answer)
        .map((packet) => JSON.stringify(packet))
        .join(),
    );
  const chunks: Uint8Array[] = [];
  for await (const chunk of answer) chunks.push(chunk);
  const all = Buffer.concat(chunks);
  return all.subarray(all.indexOf("PACK"));
};

/** Runs git on a pack; gives whether it could use it. */
const indexPack = (folder: string, pack: Buffer, ...args: readonly string[]): boolean => {
  try {
    execFileSync("git", ["index-pack", "--stdin", "--strict", ...args], { cwd: folder, input: pack, stdio: "pipe" });
    return true;
  } catch {
    return false;
  }
};

test.for([0, 1, 2])(
  "a record that went back and forth between two trees clones and fetches with v%i",
  async (version) => {
    const { record, commits } = await backAndForth(8);
    await using server = await gitServer(record.source);
    await using client = await gitFolder();
    const options = ["-c", `protocol.version=${version}`, "-c", "transfer.fsckObjects=true"];
    await client.git(...options, "clone", "-q", server.url, "r");
    for (let n = 0; n < 4; n++) {
      const tip = await record.commit({ "notes/a.md": n % 2 === 0 ? "A\n" : "B\n", "x/y.md": `${n >> 1}` }, true);
      await client.git("-C", "r", ...options, "fetch", "-q");
      expect(await client.git("-C", "r", "rev-parse", "origin/main")).toBe(`${tip}\n`);
    }
    expect(await client.git("-C", "r", "fsck", "--strict", "--full")).toBe("");
    expect(commits).toHaveLength(8);
  },
);

test("an incremental pack is thin for a client that can complete it, and stands alone for one that cannot", async () => {
  const { record, commits } = await backAndForth(5);
  const tip = await record.commit({ "x/z.md": "z", "notes/n-5.md": "changed\n" });
  await using client = await gitFolder();
  await client.git("init", "-q", "--bare", ".");
  const thin = await packOf(record.source, tip, commits[3]!, "thin-pack");
  const whole = await packOf(record.source, tip, commits[3]!);
  expect(whole.length).toBeGreaterThan(thin.length);
  expect(indexPack(client.folder, thin)).toBe(false);
  // --strict looks for all that is linked to; a slice's links lead out of it.
  const indexed = (input: Buffer): string =>
    execFileSync("git", ["index-pack", "--stdin"], { cwd: client.folder, input, encoding: "utf8" });
  for (const have of commits) expect(indexed(await packOf(record.source, tip, have))).toMatch(/^pack/);
  expect(indexPack(client.folder, await packOf(record.source, commits[3]!, null))).toBe(true);
  expect(indexPack(client.folder, thin, "--fix-thin")).toBe(true);
  expect(await client.git("rev-list", "--objects", "--count", tip)).toMatch(/^\d+\n$/);
});

test("git fetches a single older commit, and what lies between it and the head later", async () => {
  const { record, commits } = await backAndForth(6);
  await using server = await gitServer(record.source);
  await using client = await gitFolder();
  await client.git("init", "-q", "r");
  for (const version of [2, 0, 1]) {
    const oid = commits[version + 1]!;
    await client.git(
      "-C",
      "r",
      "-c",
      `protocol.version=${version}`,
      "fetch",
      "-q",
      server.url,
      `${oid}:refs/heads/v${version}`,
    );
    expect((await client.git("-C", "r", "rev-list", "--count", oid)).trim()).toBe(`${version + 2}`);
  }
  await client.git("-C", "r", "fetch", "-q", server.url, "main:refs/heads/newest");
  expect(await client.git("-C", "r", "fsck", "--strict", "--full")).not.toMatch(/error|missing|broken/);
});

test("git refuses --depth in words and ignores --filter, over every protocol", async () => {
  const { record } = await backAndForth(3);
  await using server = await gitServer(record.source);
  await using client = await gitFolder();
  for (const version of [0, 1, 2]) {
    const options = ["-c", `protocol.version=${version}`, "clone", "-q"];
    await expect(client.git(...options, "--depth=1", server.url, `d${version}`)).rejects.toThrow(/shallow/);
    await client.git(...options, "--no-checkout", "--filter=blob:none", server.url, `f${version}`);
    expect(await client.git("-C", `f${version}`, "rev-list", "--count", "origin/main")).toBe("3\n");
  }
});

test("git clones an empty repository", async () => {
  await using server = await gitServer(storedRecord().source);
  await using client = await gitFolder();
  for (const version of [0, 1, 2]) {
    const said = await client.git("-c", `protocol.version=${version}`, "clone", server.url, `e${version}`);
    expect(said).toMatch(/empty repository/);
  }
});

/** A source that does something once, before a read that `when` picks. */
const interrupted = (record: Stored, when: (reads: number) => boolean, act: () => unknown): CloneSource => {
  let reads = 0;
  let done = false;
  return {
    head: record.source.head,
    read: async (id, range) => {
      if (!done && when(++reads)) {
        done = true;
        await act();
      }
      return record.source.read(id, range);
    },
  };
};

test.for(Array.from({ length: 17 }, (_, at) => at + 1))(
  "segments compacted away before read %i of a clone are found through the new map",
  async (at) => {
    const { record, commits } = await backAndForth(8);
    const source = interrupted(
      record,
      (reads) => reads === at,
      () => compact(record, 0),
    );
    await using client = await gitFolder();
    await client.git("init", "-q", "--bare", ".");
    const pack = await packOf(source, commits[7]!, null);
    expect(indexPack(client.folder, pack)).toBe(true);
    expect(await client.git("rev-list", "--count", commits[7]!)).toBe("8\n");
  },
);

test.for([10, 11, 13, 14, 15, 16])("a pack that stands alone survives a compaction before read %i too", async (at) => {
  const { record, commits } = await backAndForth(8);
  const tip = await record.commit({ "notes/n-5.md": "changed\n" }, true);
  const source = interrupted(
    record,
    (reads) => reads === at,
    () => compact(record, 0),
  );
  await using client = await gitFolder();
  await client.git("init", "-q", "--bare", ".");
  const pack = await packOf(source, tip, commits[3]!);
  const said = execFileSync("git", ["index-pack", "--stdin"], { cwd: client.folder, input: pack, encoding: "utf8" });
  expect(said).toMatch(/^pack/);
  expect(Object.keys(record.head().packs)).toHaveLength(1);
});

test("a repository whose segments keep vanishing is a fault before the first byte", async () => {
  const { record, commits } = await backAndForth(2);
  const gone: CloneSource = {
    head: record.source.head,
    read: async (segmentId) => {
      throw new Fault("segment-missing", "gone", { segmentId });
    },
  };
  await expect(packOf(gone, commits[1]!, null)).rejects.toMatchObject({ code: "segment-missing" });
});

test("packs that keep vanishing, though their indexes are there, end the answer and not the patience", async () => {
  const { record, commits } = await backAndForth(2);
  const { packs } = record.head();
  let asked = 0;
  const gone: CloneSource = {
    head: record.source.head,
    read: async (segmentId, range) => {
      if (range.from >= packs[segmentId]!.pack) return record.source.read(segmentId, range);
      asked += 1;
      throw asked > 1_000 ? new Error("asked for ever") : new Fault("segment-missing", "gone", { segmentId });
    },
  };
  await expect(packOf(gone, commits[1]!, null)).rejects.toMatchObject({ code: "segment-missing" });
});

test("a store that breaks in the middle cuts the answer short, with a last word to git", async () => {
  const { record, commits } = await backAndForth(6);
  let reads = 0;
  const broken: CloneSource = {
    head: record.source.head,
    read: async (id, range) => {
      if (++reads > 8) throw new Fault("transient", "the store is down");
      return record.source.read(id, range);
    },
  };
  const request = [linePacket(`want ${commits[5]} side-band-64k`), flushPacket, linePacket("done")];
  const answer = (await answerUploadPack(broken, 0, Buffer.concat(request))) as AsyncIterable<Uint8Array>;
  const chunks: Uint8Array[] = [];
  const reading = (async () => {
    for await (const chunk of answer) chunks.push(chunk);
  })();
  await expect(reading).rejects.toMatchObject({ code: "transient" });
  expect(Buffer.from(chunks.at(-1)!).toString("latin1")).toMatch(/^[0-9a-f]{4}\u0003the record could not be read/);
  await using server = await gitServer(broken);
  await using client = await gitFolder();
  await expect(client.git("clone", "-q", server.url, "r")).rejects.toThrow(/fatal/);
});

test("clones are whole while a writer commits, seals and compacts", async () => {
  const record = storedRecord({ tailBytes: 3_000 });
  for (let n = 0; n < 30; n++) await record.commit({ [`notes/${n % 5}.md`]: `${n}\n` });
  await using server = await gitServer(record.source);
  await using client = await gitFolder();
  const stop = new AbortController();
  const writer = (async () => {
    for (let n = 30; !stop.signal.aborted; n++) {
      await record.commit({ [`notes/${n % 5}.md`]: `${n}\n` });
      if (n % 15 === 0) await compact(record, n);
      await new Promise((later) => setTimeout(later, 1));
    }
  })();
  try {
    for (let n = 0; n < 6; n++) {
      await client.git(
        "-c",
        `protocol.version=${n % 3}`,
        "-c",
        "transfer.fsckObjects=true",
        "clone",
        "-q",
        server.url,
        `r${n}`,
      );
      expect(await client.git("-C", `r${n}`, "fsck", "--strict", "--full")).toBe("");
    }
    for (let n = 0; n < 6; n++) await client.git("-C", "r0", "-c", "transfer.fsckObjects=true", "pull", "-q");
  } finally {
    stop.abort();
    await writer;
  }
});

/** Time of the processor since `before`, ms. */
const processorMs = (before?: NodeJS.CpuUsage): number => {
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1_000;
};

test("a record of 20,000 commits clones whole; its pack costs less to make than the record", async () => {
  const record = storedRecord();
  const start = process.cpuUsage();
  for (let batch = 0; batch < 100; batch++) {
    const drafts = Array.from({ length: 200 }, (_, n) =>
      aDraft(changesOf({ [`notes/${n % 100}.md`]: `${batch} ${n}\n` })),
    );
    await record.write(drafts);
  }
  const tip = record.head().commit!;
  const writing = processorMs(start);
  const before = process.cpuUsage();
  const pack = await packOf(record.source, tip, null);
  const packing = processorMs(before);
  expect(pack.readUInt32BE(8)).toBeGreaterThan(70_000);
  // A seventh of it on any machine, where entries go out as they are stored.
  expect(packing).toBeLessThan(writing);
  await using client = await gitFolder();
  await client.git("init", "-q", "--bare", ".");
  expect(indexPack(client.folder, pack)).toBe(true);
  expect(await client.git("rev-list", "--count", tip)).toBe("20000\n");
}, 60_000);
