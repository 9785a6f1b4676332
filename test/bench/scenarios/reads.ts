import { latencyNote, mostClients } from "../bench-run.ts";
import type { Figure } from "../figures.ts";
import type { Bench, Scenario } from "../scenario.ts";

/** Reads of current state over 256 records of ten files. */
const measure = async ({ stage, forMs, progress }: Bench): Promise<readonly Figure[]> => {
  const records = await stage.seed(256);
  const base = records.map(([file]) => `/v1/patients/${file!.patientId}`);
  const paths = { file: records.map(([file], at) => `${base[at]!}/files/${file!.path}`), record: base };
  const figures: Figure[] = [];
  for (const what of ["file", "record"] as const) {
    progress(what);
    const result = await stage.run({ kind: "read", clients: mostClients, forMs, paths: paths[what] });
    figures.push({
      name: `reads of a ${what}, 32 clients`,
      value: result.load.perSecond,
      unit: "/s",
      target: { at: "least", value: 4_000 },
      note: latencyNote(result),
    });
  }
  return figures;
};

export const reads: Scenario = { name: "reads", measure };
