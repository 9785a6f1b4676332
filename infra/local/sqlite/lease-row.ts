import type { PatientId } from "../../../shared/operation.ts";
import type { Sql } from "./sql.ts";

/** A lease that ends without a settle. */
export type LeaseRow = { patient_id: PatientId; epoch: number };

const keepEpoch = "UPDATE heads SET epoch = ? WHERE patient_id = ?";

/** The epochs of these leases, which are given back, go to their heads: no epoch comes twice. */
export const keepEpochs = (sql: Sql, leases: readonly LeaseRow[]): void => {
  for (const { patient_id, epoch } of leases) sql.run(keepEpoch, epoch, patient_id);
};

/** The patient's epoch, in a statement on heads: in the lease while one is held. */
export const currentEpoch =
  "coalesce((SELECT leases.epoch FROM leases WHERE leases.patient_id = heads.patient_id), heads.epoch)";
