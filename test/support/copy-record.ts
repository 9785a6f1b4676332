import { randomUUID } from "node:crypto";
import { awsAdoption } from "../../functions/adapters/import-record.ts";
import type { AwsNames } from "../../functions/adapters/table-definitions.ts";
import type { AwsClients } from "../../functions/aws-clients.ts";
import { writePathDefaults } from "../../functions/config.ts";
import type { Engine } from "../../shared/ports.ts";

/** Copies a record without its operations into the AWS engine's store: long histories are slow to make there. */
export const copyRecord = async (
  from: Engine,
  { clients, names }: { readonly engine: Engine; readonly clients: AwsClients; readonly names: AwsNames },
  patientId: string,
): Promise<void> => {
  const head = await from.heads.read(patientId);
  if (!head) throw new Error("there is no such record");
  const sources = { now: Date.now, random: Math.random, newId: randomUUID, reach: () => undefined };
  const to = awsAdoption({ clients, names, ...writePathDefaults, ...sources });
  for (const id of Object.keys(head.packs)) await to.putSegment(patientId, id, await from.segments.get(patientId, id));
  const identifiers = { claim: [], release: [] };
  await to.putHead({ head, standing: undefined, identifiers, summary: null });
};
