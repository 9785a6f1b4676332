import { dealt, refreshed, verifyHistories } from "../bench-run.ts";
import type { Figure } from "../figures.ts";
import { cpuMs } from "../machine.ts";
import type { Bench, Scenario } from "../scenario.ts";

const members = ["http", "worker-1", "supervisor"] as const;

const cpuOfMembers = ({ stage: { service } }: Bench): readonly number[] =>
  members.map((member) => cpuMs(service.pid(member)));

/** Waited updates of a file of 1 KB: each client has records of its own. */
const measure = async (bench: Bench): Promise<readonly Figure[]> => {
  const { stage, forMs, progress } = bench;
  const records = await stage.seed(256);
  const figures: Figure[] = [];
  for (const clients of [1, 8, 32]) {
    progress(`${clients} clients`);
    const files = dealt(records, clients);
    await stage.run({ kind: "update", clients, forMs: 500, files });
    const before = cpuOfMembers(bench);
    const { load, committed } = await stage.run({
      kind: "update",
      clients,
      forMs,
      files: await refreshed(stage, files),
    });
    const after = cpuOfMembers(bench);
    const updates = Object.values(committed).reduce((sum, { length }) => sum + length, 0);
    const perUpdate = after.map((ms, at) => (ms - before[at]!) / updates);
    figures.push(...latencyFigures(clients, load), ...(clients === 32 ? cpuFigures(perUpdate, load.driverCpuUs) : []));
  }
  progress("comparing histories");
  const compared = await verifyHistories(stage, new Set(records.map(([file]) => file!.patientId)));
  figures.push({ name: "updates found in the histories, each once", value: compared, unit: "commits" });
  return figures;
};

interface Seen {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
}

const latencyFigures = (clients: number, { perSecond, p50, p99 }: Seen): readonly Figure[] => {
  const who = clients === 1 ? "1 client" : `${clients} clients`;
  return [
    {
      name: `waited updates, different patients, ${who}`,
      value: perSecond,
      unit: "/s",
      ...(clients === 32 && { target: { at: "least", value: 2_200 } as const }),
      note: `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(1)} ms`,
    },
    ...(clients === 1
      ? [{ name: "one waiting client, p50", value: p50, unit: "ms", target: { at: "most", value: 3 } as const }]
      : []),
  ];
};

const cpuFigures = (perUpdate: readonly number[], driverCpuUs: number): readonly Figure[] => [
  {
    name: "server CPU per update, 32 clients",
    value: perUpdate.reduce((sum, ms) => sum + ms, 0),
    unit: "ms",
    target: { at: "most", value: 0.8 },
    note: `${members.map((member, at) => `${member} ${perUpdate[at]!.toFixed(3)}`).join(", ")}; driver ${(driverCpuUs / 1_000).toFixed(3)}`,
  },
];

export const updates: Scenario = { name: "updates", measure };
