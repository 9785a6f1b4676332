import { latencyNote, verifyHistories } from "../bench-run.ts";
import type { Figure } from "../figures.ts";
import type { Bench, Scenario } from "../scenario.ts";

/** New files in one record, in folders of up to a hundred; a record of its own for each number of clients. */
const measure = async ({ stage, forMs, progress }: Bench): Promise<readonly Figure[]> => {
  const figures: Figure[] = [];
  for (const clients of [1, 8, 32]) {
    progress(`${clients} clients`);
    const [files] = await stage.seed(1);
    const { patientId } = files![0]!;
    await stage.run({ kind: "create", clients, forMs: 500, patientId, folder: "notes/warm" });
    const result = await stage.run({ kind: "create", clients, forMs, patientId, folder: "notes/new" });
    await verifyHistories(stage, [patientId]);
    figures.push({
      name: `file creates on one patient, ${clients === 1 ? "1 client" : `${clients} clients`}`,
      value: result.load.perSecond,
      unit: "/s",
      ...(clients === 32 && { target: { at: "least", value: 2_200 } as const }),
      note: latencyNote(result),
    });
  }
  return figures;
};

export const creates: Scenario = { name: "creates", measure };
