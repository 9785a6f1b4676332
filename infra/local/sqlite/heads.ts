import { Fault } from "../../../shared/errors.ts";
import type { Compaction, Head } from "../../../shared/head.ts";
import type { PatientId } from "../../../shared/operation.ts";
import type { Heads } from "../../../shared/ports.ts";
import { addEffects } from "./effects.ts";
import { optionalInstantOf } from "./instant.ts";
import { pageOf } from "./keyset.ts";
import { packMapPatch, packMapOf } from "./pack-map-text.ts";
import { currentEpoch, keepEpochs } from "./lease-row.ts";
import type { LeaseRow } from "./lease-row.ts";
import { settle } from "./settle.ts";
import type { Sql } from "./sql.ts";
import type { Store } from "./store.ts";

type HeadRow = {
  patient_id: string;
  commit_id: string | null;
  commits: number;
  epoch: number;
  generation: number;
  packs: string;
  replaced: string;
  updated_at: number | null;
};

interface Owned {
  readonly patientId: PatientId;
  readonly owner: string;
}

const headOf = (row: HeadRow): Head => ({
  patientId: row.patient_id,
  commit: row.commit_id,
  commits: row.commits,
  epoch: row.epoch,
  generation: row.generation,
  packs: packMapOf(row.packs),
  replaced: JSON.parse(row.replaced) as string[],
  updatedAt: optionalInstantOf(row.updated_at),
});

const selectHead = `
  SELECT patient_id, commit_id, commits, ${currentEpoch} AS epoch, generation, packs, replaced, updated_at
  FROM heads WHERE patient_id = ?`;

/** Values: patient, owner, until, process, now, the latest plausible end of a lease. */
const takeLease = `
  INSERT INTO leases (patient_id, epoch, owner, until, process)
  VALUES (?1, 1 + coalesce((SELECT epoch FROM heads WHERE patient_id = ?1), 0), ?2, ?3, ?4)
  ON CONFLICT (patient_id) DO UPDATE SET
    epoch = epoch + 1,
    owner = excluded.owner, until = excluded.until, process = excluded.process
  WHERE leases.until <= ?5 OR leases.until > ?6`;

const makeHead = "INSERT INTO heads (patient_id) VALUES (?)";

const takeLeaseOf = (sql: Sql, store: Store, { patientId, owner }: Owned): HeadRow | undefined => {
  const now = store.now();
  const values = [patientId, owner, now + store.leaseMs, store.processId, now, now + 2 * store.leaseMs];
  if (sql.run(takeLease, ...values) === 0) return undefined;
  const row = sql.get<HeadRow>(selectHead, patientId);
  if (row) return row;
  sql.run(makeHead, patientId);
  return sql.get<HeadRow>(selectHead, patientId);
};

const acquire = async (store: Store, owned: Owned): Promise<Head> => {
  const row = await store.writer.write("process-end", (sql) => takeLeaseOf(sql, store, owned));
  if (!row) throw new Fault("lease-busy", "another writer holds the lease", { patientId: owned.patientId });
  return headOf(row);
};

const dropLease = "DELETE FROM leases WHERE patient_id = ? AND owner = ? RETURNING patient_id, epoch";

const release = (sql: Sql, { patientId, owner }: Owned): void => {
  keepEpochs(sql, sql.all<LeaseRow>(dropLease, patientId, owner));
};

const selectForCompaction = "SELECT packs FROM heads WHERE patient_id = ?";

const publishCompaction = `
  UPDATE heads SET packs = json_patch(packs, ?), generation = generation + 1 WHERE patient_id = ? AND generation = ?`;

const compact = (sql: Sql, { patientId, generation, packs, effects }: Compaction): void => {
  const moved = (): Fault => new Fault("fenced", "the record was compacted by another", { patientId });
  const row = sql.get<{ packs: string }>(selectForCompaction, patientId);
  if (!row) throw moved();
  const present = packMapOf(row.packs);
  if (!packs.remove.every((id) => present[id]?.sealed)) throw moved();
  if (sql.run(publishCompaction, packMapPatch(packs), patientId, generation) === 0) throw moved();
  addEffects(sql, effects);
};

const listIds = "SELECT patient_id FROM heads WHERE patient_id > ? ORDER BY patient_id LIMIT ?";

/** Heads in a table; the conditions are those of 02-write-path, written in the statements. */
export const sqliteHeads = (store: Store): Heads => ({
  read: async (patientId) => {
    const row = store.reader.get<HeadRow>(selectHead, patientId);
    return row && headOf(row);
  },
  acquire: (patientId, owner) => acquire(store, { patientId, owner }),
  release: (patientId, owner) => store.writer.write("process-end", (sql) => release(sql, { patientId, owner })),
  settle: (settlement) => store.writer.write("power-cut", (sql) => settle(sql, settlement)),
  compact: (compaction) => store.writer.write("power-cut", (sql) => compact(sql, compaction)),
  list: async ({ limit, after = "" }) => {
    const rows = store.reader.all<{ patient_id: string }>(listIds, after, limit + 1);
    return pageOf(rows, limit, { item: (row) => row.patient_id, cursor: (row) => row.patient_id });
  },
});
