import { DatabaseSync } from "node:sqlite";
import { setTimeout as pause } from "node:timers/promises";
import { databaseFile } from "../../../infra/local/data-folder.ts";
import { dealt, mostClients, refreshed } from "../bench-run.ts";
import type { Figure } from "../figures.ts";
import { bytesWritten } from "../machine.ts";
import type { Bench, Scenario } from "../scenario.ts";

interface Size {
  /** Pages that hold something, bytes. */
  readonly used: number;
  readonly file: number;
}

/** Size of the database after its log was brought in. */
const sizeOf = (data: string): Size => {
  const db = new DatabaseSync(databaseFile(data), { timeout: 10_000 });
  try {
    db.prepare("PRAGMA wal_checkpoint(TRUNCATE)").get();
    const pragma = (name: string) => Number(Object.values(db.prepare(`PRAGMA ${name}`).get() ?? {})[0]);
    const [pages, free, size] = [pragma("page_count"), pragma("freelist_count"), pragma("page_size")];
    return { used: (pages - free) * size, file: pages * size };
  } finally {
    db.close();
  }
};

/** Payloads of settled operations are deleted a little later. */
const drainMs = 2_500;

const updatesEach = { quick: 20, full: 60 };

/** Growth of the database over many updates of files of 1 KB that are new texts each time. */
const measure = async ({ stage, quick }: Bench): Promise<readonly Figure[]> => {
  const records = await stage.seed(100);
  const each = quick ? updatesEach.quick : updatesEach.full;
  const job = { kind: "update", clients: mostClients, forMs: 60_000, requests: records.length * each } as const;
  const files = dealt(records, mostClients);
  await stage.run({ ...job, files });
  const { service } = stage;
  const written = (): number => bytesWritten(service.pid("http")) + bytesWritten(service.pid("worker-1"));
  await pause(drainMs);
  const [before, writtenBefore] = [sizeOf(service.data), written()];
  const { load } = await stage.run({ ...job, files: await refreshed(stage, files) });
  await pause(drainMs);
  const [after, writtenAfter] = [sizeOf(service.data), written()];
  const perUpdate = (bytes: number): number => bytes / load.rounds / 1_024;
  return [
    {
      name: "disk for an update of a 1 KB file",
      value: perUpdate(after.used - before.used),
      unit: "KB",
      target: { at: "most", value: 6, check: true },
      note: `pages in use after a checkpoint, over ${load.rounds} updates of 100 records; file grew ${perUpdate(after.file - before.file).toFixed(1)} KB, written ${perUpdate(writtenAfter - writtenBefore).toFixed(0)} KB an update`,
    },
  ];
};

export const disk: Scenario = { name: "disk", measure };
