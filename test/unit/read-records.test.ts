import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { readRecords } from "../../functions/read-records.ts";
import { Fault } from "../../shared/errors.ts";
import { openSqlite } from "../support/engines.ts";
import { createCommand, openWritePath, putCommand } from "../support/write-path.ts";

test.for([
  ["one segment", 16_384],
  ["a segment each", 1],
] as const)("a record at a time is what was committed by then, its commits in %s", async ([, tailBytes]) => {
  await using path = await openWritePath(await openSqlite({ tailBytes }));
  const patientId = randomUUID();
  await path.submit(patientId, createCommand());
  await path.deliverAll();
  await path.passTime(10_000);
  await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  await path.deliverAll();
  const commitsAt = async (time: string) => (await path.deps.records.at(patientId, { time }))?.commits;
  expect(await commitsAt("2026-11-21T08:59:59.999Z")).toBeUndefined();
  expect(await commitsAt("2026-11-21T09:00:00.000Z")).toBe(1);
  expect(await commitsAt("2026-11-21T09:00:09.999Z")).toBe(1);
  expect(await commitsAt("2026-11-21T09:00:10.000Z")).toBe(2);
});

test("a segment that vanishes while a record is read is looked for under a head read again, three times at most", async () => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  await path.submit(patientId, createCommand());
  await path.deliverAll();
  const { heads, segments } = path.engine;
  const readsWith = async (vanishing: number) => {
    let left = vanishing;
    let read = 0;
    const engine = {
      heads: { ...heads, read: (id: string) => ((read += 1), heads.read(id)) },
      segments: {
        ...segments,
        get: async (...asked: Parameters<typeof segments.get>) => {
          if (left-- > 0) throw new Fault("segment-missing", "a segment is gone", { segmentId: asked[1] });
          return segments.get(...asked);
        },
      },
    };
    const version = await readRecords({ engine, cacheBytes: 1_000_000 }).current(patientId);
    return { commits: version?.commits, read };
  };
  expect(await readsWith(0)).toEqual({ commits: 1, read: 1 });
  expect(await readsWith(2)).toEqual({ commits: 1, read: 3 });
  await expect(readsWith(3)).rejects.toMatchObject({ code: "segment-missing" });
});
