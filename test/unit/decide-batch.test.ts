import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { decideBatch } from "../../functions/decide-batch.ts";
import { loadState } from "../../shared/git/state.ts";
import type { PackEntry } from "../../shared/git/pack-map.ts";
import { recordLimits } from "../../shared/record/limits.ts";
import { anOperation } from "../support/an-operation.ts";
import { createCommand, openWritePath, putCommand } from "../support/write-path.ts";

const nearlyFull = (entry: PackEntry): PackEntry => ({ ...entry, pack: recordLimits.packBytes - 300_000 });

test("what a batch has brought so far counts toward the record's limit, as if it were stored", async () => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  await path.submit(patientId, createCommand());
  await path.deliverAll();
  const head = (await path.engine.heads.read(patientId))!;
  const state = await loadState(head, (id, range) => path.engine.segments.get(patientId, id, range));
  const packs = Object.fromEntries(Object.entries(head.packs).map(([id, entry]) => [id, nearlyFull(entry)]));
  const work = [1, 2].map((n) => ({
    operation: anOperation({ patientId }),
    command: putCommand(`notes/${n}.md`, "x".repeat(200_000)),
    bytes: 200_000,
  }));
  const { decided } = decideBatch({
    head: { ...head, packs },
    work,
    start: { state, head, epoch: head.epoch, random: "random", limits: path.engine.limits },
    taken: [],
    changedSince: () => undefined,
    committer: path.deps.signer.committer,
    now: path.now(),
    sign: path.deps.signer.sign,
  });
  expect(decided.map((one) => ("refusal" in one ? one.refusal.code : "committed"))).toEqual([
    "committed",
    "record-full",
  ]);
});
