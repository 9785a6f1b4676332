import { mostClients, othersNote, verifyHistories } from "../bench-run.ts";
import type { Figure } from "../figures.ts";
import type { Bench, Scenario } from "../scenario.ts";

/** Edits of one file by 32 clients, each on the content it saw last; a refused one is made again on what the 412 told. */
const measure = async ({ stage, forMs }: Bench): Promise<readonly Figure[]> => {
  const [files] = await stage.seed(1);
  const file = files![0]!;
  const { load, replies, others } = await stage.run({ kind: "edit", clients: mostClients, forMs, file });
  await verifyHistories(stage, [file.patientId]);
  const refused = replies[412] ?? 0;
  const failed = Object.entries(replies).reduce((sum, [status, count]) => sum + (Number(status) >= 500 ? count : 0), 0);
  return [
    {
      name: "guarded edits of one file, 32 clients",
      value: load.perSecond,
      unit: "/s",
      target: { at: "least", value: 160 },
      note: `${(refused / load.rounds).toFixed(1)} refusals (412) an edit${othersNote(others)}`,
    },
    {
      name: "guarded edits, first try to success, p99",
      value: load.p99,
      unit: "ms",
      target: { at: "most", value: 800 },
      note: `p50 ${load.p50.toFixed(0)} ms, most ${load.most.toFixed(0)} ms`,
    },
    { name: "guarded edits, 5xx", value: failed, unit: "", target: { at: "most", value: 0, check: true } },
  ];
};

export const guarded: Scenario = { name: "guarded", measure };
