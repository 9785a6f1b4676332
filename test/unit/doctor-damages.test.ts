import { expect, test } from "vitest";
import { compactPatient } from "../../functions/compact.ts";
import type { Report } from "../../functions/doctor/examine-all.ts";
import { isError } from "../../functions/doctor/finding.ts";
import { maxDeltaDepth } from "../../shared/git/limits.ts";
import { objectId } from "../../shared/git/objects.ts";
import type { PackEntry } from "../../shared/git/pack-map.ts";
import { emptyTree, treeState } from "../../shared/git/record-tree.ts";
import type { Snapshot } from "../../shared/git/snapshot.ts";
import type { RecordState } from "../../shared/git/state.ts";
import type { Command } from "../../shared/record/command.ts";
import { demographicsPath } from "../../shared/record/paths.ts";
import {
  alterBytes,
  alterNewest,
  alterRow,
  alterSegment,
  alterSnapshot,
  firstObjectLast,
  headOf,
  insertBytes,
  partsOf,
  renameSegment,
  segmentIdsOf,
  setEntry,
  type Parts,
} from "../support/damaged-record.ts";
import { aClinic, errorsOf, type Clinic } from "../support/examined-clinic.ts";
import { misledSettle } from "../support/misled-settle.ts";
import { putCommand } from "../support/write-path.ts";

/*
 * Damages that few checks can see: all that the others compare is made to fit, checksums and lengths too. doctor.test.ts has
 * the plain ones.
 */

const examine = (clinic: Clinic) => clinic.examine({ patients: [clinic.patients[0]] });

/** Errors as `kind of what`. */
const namedIn = ({ findings }: Report): string[] =>
  findings.filter(isError).map(({ kind, where }) => `${kind} of ${where}`);

/** A clinic with the ids of its first patient's first and last segment; there are others between them. */
const aSegmentedClinic = async () => {
  const clinic = await aClinic({ commits: 16 });
  const ids = await segmentIdsOf(clinic);
  expect(ids.length).toBeGreaterThan(2);
  expect((await headOf(clinic)).packs[ids.at(-1)!]).toMatchObject({ sealed: false });
  return { ...clinic, oldest: ids[0]!, tail: ids.at(-1)! };
};

const operationsOf = async ({ engine, patients: [patientId] }: Clinic) => {
  const { items } = await engine.operations.list({ patientId, state: "committed", limit: 5 });
  return items;
};

const nothingAltered = (parts: Parts): Parts => parts;

test("finds nothing wrong in segments that were taken apart and put together again", async () => {
  await using clinic = await aSegmentedClinic();
  for (const id of await segmentIdsOf(clinic)) await alterSegment(clinic, id, nothingAltered);
  await alterSnapshot(
    clinic,
    clinic.tail,
    alterNewest(() => ({})),
  );
  expect((await examine(clinic)).findings).toEqual([]);
});

/** A change of files in one commit: null deletes; `old` is what was there. */
const changeCommand = (changes: readonly { path: string; old: string | null; now: string | null }[]): Command => ({
  type: changes.some(({ now }) => now !== null) ? "PutFiles" : "DeleteFiles",
  summary: "",
  target: "record",
  changes: changes.map(({ path, old, now }) => {
    const oid = old === null ? null : objectId("blob", Buffer.from(old));
    return now === null ? { delete: path, ifMatch: oid! } : { put: path, content: now, ifMatch: oid };
  }),
});

test("finds nothing wrong in files that go, come back, and become folders, several commits at a time", async () => {
  await using clinic = await aSegmentedClinic();
  const [patientId] = clinic.patients;
  const before = (await headOf(clinic)).commits;
  const states = ["file", "gone", "file", "folder", "deep folder", "file", "folder", "gone"] as const;
  const pathOf = { file: "notes/x.md", folder: "notes/x.md/y.md", "deep folder": "notes/x.md/y.md/z.md" };
  let last: string | null = null;
  for (const state of states) {
    const next = state === "gone" ? null : pathOf[state];
    const gone = last === null ? [] : [{ path: last, old: "same\n", now: null }];
    const come = next === null ? [] : [{ path: next, old: null, now: "same\n" }];
    await clinic.path.submit(patientId, changeCommand([...gone, ...come]));
    last = next;
  }
  await clinic.path.deliverAll();
  expect((await headOf(clinic)).commits).toBe(before + states.length);
  expect((await examine(clinic)).findings).toEqual([]);
});

/** What a snapshot can say that is not so; each of its other parts is right. */
const wrongSnapshots: readonly (readonly [string, (snapshot: Snapshot) => Partial<Snapshot>])[] = [
  ["has a file come a commit too early", alterNewest(({ broughtBy }) => ({ broughtBy: broughtBy - 1 }))],
  ["has a file come a commit too late", alterNewest(({ broughtBy }) => ({ broughtBy: broughtBy + 1 }))],
  ["has a file too short", alterNewest(({ size }) => ({ size: size - 1 }))],
  ["has a file too long", alterNewest(({ size }) => ({ size: size + 1 }))],
  ["is of another commit", () => ({ commit: "a".repeat(40) })],
  ["has no files", () => ({ tree: emptyTree })],
  ["counts a commit too many", ({ commits }) => ({ commits: commits + 1 })],
  ["has a time before its commit's", ({ committedAt }) => ({ committedAt: committedAt - 1 })],
  ["has a time after its commit's", ({ committedAt }) => ({ committedAt: committedAt + 1 })],
  [
    "has another copy of a file",
    ({ tree: { root, pins } }) => ({ tree: treeState(root, { ...pins, [demographicsPath]: "x" }) }),
  ],
];

test.for(wrongSnapshots.map(([what, alter]) => ({ what, alter })))(
  "names a sealed segment's snapshot that $what",
  async ({ alter }) => {
    await using clinic = await aSegmentedClinic();
    const { oldest } = clinic;
    await alterSnapshot(clinic, oldest, alter);
    expect(namedIn(await examine(clinic))).toEqual([`snapshot-wrong of segment ${oldest}`]);
  },
);

test.for([-1, 1])("names a tail's snapshot that has a file come %i commits later than it did", async (change) => {
  await using clinic = await aSegmentedClinic();
  const { tail } = clinic;
  await alterSnapshot(
    clinic,
    tail,
    alterNewest(({ broughtBy }) => ({ broughtBy: broughtBy + change })),
  );
  expect(namedIn(await examine(clinic))).toEqual([
    `snapshot-wrong of segment ${tail}`,
    "tree-mismatch of current record",
  ]);
});

test.for([-1, 1])("names a tail's snapshot that counts %i commits more than there are", async (change) => {
  await using clinic = await aSegmentedClinic();
  const { tail } = clinic;
  await alterSnapshot(clinic, tail, ({ commits }) => ({ commits: commits + change }));
  expect(namedIn(await examine(clinic))).toEqual([`snapshot-wrong of segment ${tail}`]);
});

test("names a stored commit that the history does not have", async () => {
  await using clinic = await aSegmentedClinic();
  const [patientId] = clinic.patients;
  const [head] = clinic.rows("SELECT commit_id, commits, updated_at FROM heads WHERE patient_id = ?", patientId);
  const { snapshot } = await partsOf(clinic, clinic.tail);
  const operation = await clinic.path.submit(patientId, putCommand("notes/late.md", "late\n"));
  await misledSettle(clinic, { operation });
  // All but its objects is taken back.
  const tail = (await segmentIdsOf(clinic)).at(-1)!;
  await alterSegment(clinic, tail, (parts) => ({ ...parts, snapshot }));
  setEntry(clinic, tail, { ...(await headOf(clinic)).packs[tail]!, sealed: false });
  clinic.sql("DELETE FROM operations WHERE id = ?", operation.id);
  const values = [head!["commit_id"]!, head!["commits"]!, head!["updated_at"]!, patientId];
  clinic.sql("UPDATE heads SET commit_id = ?, commits = ?, updated_at = ? WHERE patient_id = ?", ...values);
  expect(namedIn(await examine(clinic))).toEqual(["history-broken of head"]);
});

const withoutTime = (state: RecordState): RecordState => ({ ...state, committedAt: 0 });

test("names a commit that is older than its parent", async () => {
  await using clinic = await aSegmentedClinic();
  const operation = await clinic.path.submit(clinic.patients[0], putCommand("notes/late.md", "late\n"));
  await misledSettle(clinic, { operation, state: withoutTime, committedAt: clinic.path.now() - 3_600_000 });
  const { commit } = await headOf(clinic);
  expect(namedIn(await examine(clinic))).toEqual([`history-broken of commit ${commit}`]);
});

test("names a commit of which the index has another time", async () => {
  await using clinic = await aSegmentedClinic();
  const { oldest } = clinic;
  let commit = "";
  await alterSegment(clinic, oldest, (parts) =>
    alterRow(parts, 0, ({ oid, sizeOrTime }) => {
      commit = oid;
      return { sizeOrTime: sizeOrTime + 1 };
    }),
  );
  expect(namedIn(await examine(clinic))).toEqual([`history-broken of commit ${commit}`]);
});

test("names commits that are not in the order of their numbers in a pack", async () => {
  await using clinic = await aSegmentedClinic();
  await alterSegment(clinic, clinic.tail, firstObjectLast);
  expect(errorsOf(await examine(clinic))).toEqual(["history-broken"]);
});

/** A clinic whose first patient's record was compacted, so that both counters of its head are above zero. */
const aCompactedClinic = async () => {
  const clinic = await aSegmentedClinic();
  const { path, engine, patients } = clinic;
  const limits = { ...engine.limits, sealedPacks: 1 };
  await compactPatient({ ...path.deps, engine: { ...engine, limits } }, patients[0]);
  return clinic;
};

test.for(["w", "c"] as const)("names a segment with a number after %s that was not given out yet", async (by) => {
  await using clinic = await aCompactedClinic();
  const { epoch, generation, packs } = await headOf(clinic);
  expect(epoch).toBeGreaterThan(generation + 1);
  expect(generation).toBeGreaterThan(0);
  const rename = async (number: number) => {
    const from = Object.keys((await headOf(clinic)).packs).find((id) => id[6] === by)!;
    const to = from.replace(/[wc][0-9]+-.*/, `${by}${number}-abc123`);
    await renameSegment(clinic, from, to);
    return errorsOf(await examine(clinic));
  };
  expect(Object.keys(packs).length).toBeGreaterThan(1);
  const newest = by === "w" ? epoch : generation;
  expect(await rename(newest)).toEqual([]);
  expect(await rename(newest + 1)).toEqual(["head-invalid"]);
});

test("names two segments of a head that begin with the same commit", async () => {
  await using clinic = await aSegmentedClinic();
  const { oldest } = clinic;
  const [patientId] = clinic.patients;
  const { packs } = await headOf(clinic);
  const twin = oldest.replace(/-.*/, "-abc123");
  await clinic.engine.segments.put(patientId, twin, await clinic.engine.segments.get(patientId, oldest));
  setEntry(clinic, twin, packs[oldest]!);
  expect(namedIn(await examine(clinic))).toContain("head-invalid of head");
});

test.for([0, -2])("names segment %i of a head that is not sealed, though others come after it", async (place) => {
  await using clinic = await aSegmentedClinic();
  const { packs } = await headOf(clinic);
  const id = (await segmentIdsOf(clinic)).at(place)!;
  setEntry(clinic, id, { ...packs[id]!, sealed: false });
  expect(errorsOf(await examine(clinic))).toContain("head-invalid");
});

test("names a segment whose id says that it begins with another commit", async () => {
  await using clinic = await aSegmentedClinic();
  await renameSegment(clinic, clinic.oldest, clinic.oldest.replace(/^000000/, "000001"));
  expect(namedIn(await examine(clinic))).toEqual(["head-invalid of head"]);
});

test("names a segment that begins after the head's last commit", async () => {
  await using clinic = await aSegmentedClinic();
  const { tail } = clinic;
  const { packs } = await headOf(clinic);
  clinic.sql("UPDATE heads SET commits = ? WHERE patient_id = ?", packs[tail]!.first, clinic.patients[0]);
  expect(namedIn(await examine(clinic))).toContain("head-invalid of head");
});

const longer =
  (by: number) =>
  ({ length }: { readonly length: number }) => ({ length: length + by });

/** What an index can say that its pack belies, though every sum of lengths but the one in question is right. */
const misfits: readonly (readonly [string, (parts: Parts) => Parts])[] = [
  ["a gap before its first object", (parts) => insertBytes(parts, 0)],
  ["a gap between two objects", (parts) => alterRow(insertBytes(parts, 1), -1, longer(4))],
  ["objects that overlap", (parts) => alterRow(alterRow(parts, 1, longer(4)), -1, longer(-4))],
  ["bytes behind its last object", (parts) => insertBytes(parts, parts.rows.length)],
  ["a last object that is longer than the pack", (parts) => alterRow(parts, -1, longer(4))],
  ["a chain of deltas that is too long", (parts) => alterRow(parts, -1, () => ({ depth: maxDeltaDepth + 1 }))],
];

test.for(misfits.map(([what, alter]) => ({ what, alter })))(
  "names the index of a pack with $what",
  async ({ alter }) => {
    await using clinic = await aSegmentedClinic();
    const { tail } = clinic;
    await alterSegment(clinic, tail, alter);
    expect(namedIn(await examine(clinic))).toEqual([`footer-wrong of segment ${tail}`]);
  },
);

/** A footer that ends with other lengths, at `fromEnd`, than the head's. */
const otherLength = (fromEnd: number) => (bytes: Buffer) => {
  bytes.writeUInt32BE(bytes.readUInt32BE(bytes.length - fromEnd) + 4, bytes.length - fromEnd);
  return { bytes };
};

/** Four bytes between snapshot and index that the head takes to be the index's. */
const longerFooter = (bytes: Buffer, entry: PackEntry) => {
  const at = entry.pack + entry.snapshot;
  const longerBytes = Buffer.concat([bytes.subarray(0, at), Buffer.alloc(4), bytes.subarray(at)]);
  return { bytes: longerBytes, entry: { ...entry, footer: entry.footer + 4 } };
};

test.for([
  { part: "pack", alter: otherLength(12) },
  { part: "snapshot", alter: otherLength(8) },
  { part: "index", alter: longerFooter },
])("names a segment whose $part is of another length in its index than in the head", async ({ alter }) => {
  await using clinic = await aSegmentedClinic();
  const { tail } = clinic;
  await alterBytes(clinic, tail, alter);
  expect(namedIn(await examine(clinic))).toContain(`footer-damaged of segment ${tail}`);
});

test("names an operation that made two commits", async () => {
  await using clinic = await aSegmentedClinic();
  const [operation] = await operationsOf(clinic);
  await misledSettle(clinic, { operation: operation!, isGuarded: false });
  expect(namedIn(await examine(clinic))).toEqual([
    `operation-twice of operation ${operation!.id}`,
    `operation-commit-mismatch of operation ${operation!.id}`,
  ]);
});

test("names an operation whose commit is another's", async () => {
  await using clinic = await aSegmentedClinic();
  const [operation] = await operationsOf(clinic);
  const twin = await clinic.path.submit(clinic.patients[0], putCommand("notes/none.md", "x"));
  clinic.sql(
    `UPDATE operations SET (state, version, settled_at, commit_id, resource, etag) =
      (SELECT state, version, settled_at, commit_id, resource, etag FROM operations WHERE id = ?) WHERE id = ?`,
    operation!.id,
    twin.id,
  );
  expect(namedIn(await examine(clinic))).toEqual([`operation-without-commit of operation ${twin.id}`]);
});
