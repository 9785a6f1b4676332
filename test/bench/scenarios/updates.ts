import { dealt, latencyNote, members, refreshed, verifyHistories, type StageResult } from "../bench-run.ts";
import type { Figure } from "../figures.ts";
import type { Bench, Scenario } from "../scenario.ts";

/** Waited updates of a file of 1 KB: each client has records of its own. */
const measure = async (bench: Bench): Promise<readonly Figure[]> => {
  const { stage, forMs, progress } = bench;
  const records = await stage.seed(256);
  const figures: Figure[] = [];
  for (const clients of [1, 8, 32]) {
    progress(clients === 1 ? "1 client" : `${clients} clients`);
    const files = await refreshed(stage, dealt(records, clients));
    const result = await stage.run({ kind: "update", clients, forMs, files });
    figures.push(...figuresOf(clients, result));
  }
  progress("comparing histories");
  const compared = await verifyHistories(stage, new Set(records.map(([file]) => file!.patientId)));
  figures.push({ name: "updates found in the histories, each once", value: compared, unit: "commits" });
  return figures;
};

const figuresOf = (clients: number, result: StageResult): readonly Figure[] => {
  const rate = {
    name: `waited updates, different patients, ${clients === 1 ? "1 client" : `${clients} clients`}`,
    value: result.load.perSecond,
    unit: "/s",
    note: latencyNote(result),
  };
  if (clients === 1)
    return [
      rate,
      { name: "one waiting client, p50", value: result.load.p50, unit: "ms", target: { at: "most", value: 3 } },
    ];
  if (clients < 32) return [rate];
  return [{ ...rate, target: { at: "least", value: 2_200 } }, cpuFigure(result)];
};

const cpuFigure = ({ load: { rounds, driverCpuUs }, cpu }: StageResult): Figure => {
  const each = cpu.map((ms) => ms / rounds);
  const list = members.map((member, at) => `${member} ${each[at]!.toFixed(3)}`).join(", ");
  return {
    name: "server CPU per update, 32 clients",
    value: each.reduce((sum, ms) => sum + ms, 0),
    unit: "ms",
    target: { at: "most", value: 0.8 },
    note: `${list}; driver ${(driverCpuUs / 1_000).toFixed(3)}`,
  };
};

export const updates: Scenario = { name: "updates", measure };
