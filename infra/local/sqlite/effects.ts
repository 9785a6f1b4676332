import type { Effect } from "../../../shared/head.ts";
import type { Effects } from "../../../shared/ports.ts";
import type { Sql } from "./sql.ts";
import type { Store } from "./store.ts";

type EffectRow = { id: string; kind: string; patient_id: string; body: string };

const insert = "INSERT INTO effects (id, kind, patient_id, body) VALUES (?, ?, ?, ?) ON CONFLICT (id) DO NOTHING";
const selectPending = "SELECT id, kind, patient_id, body FROM effects ORDER BY seq LIMIT ?";
const remove = "DELETE FROM effects WHERE id = ?";

/** Puts effects in the outbox, in the transaction of whatever causes them. */
export const addEffects = (sql: Sql, effects: readonly Effect[]): void => {
  for (const { id, kind, patientId, body } of effects) sql.run(insert, id, kind, patientId, JSON.stringify(body));
};

const effectOf = ({ id, kind, patient_id, body }: EffectRow): Effect => ({
  id,
  kind: kind as Effect["kind"],
  patientId: patient_id,
  body: JSON.parse(body) as Effect["body"],
});

/** The outbox: a row for each effect that is not done. */
export const sqliteEffects = ({ reader, writer }: Store): Effects => ({
  pending: async (limit) => reader.all<EffectRow>(selectPending, limit).map(effectOf),
  done: async (ids) => {
    if (ids.length === 0) return;
    await writer.write("process-end", (sql) => {
      for (const id of ids) sql.run(remove, id);
    });
  },
});
