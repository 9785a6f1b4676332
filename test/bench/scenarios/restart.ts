import { setTimeout as pause } from "node:timers/promises";
import { dealt, members, mostClients } from "../bench-run.ts";
import type { Figure } from "../figures.ts";
import { openConnection, requestBytes } from "../load/connection.ts";
import { memoryMb } from "../machine.ts";
import type { Bench, Scenario } from "../scenario.ts";

/** Most memory that each process had, over everything that was measured before. */
const measureMemory = ({ stage: { service } }: Bench): Promise<readonly Figure[]> =>
  Promise.resolve(members.map((member) => memoryFigure(member, service.pid(member))));

const memoryFigure = (member: string, pid: number): Figure => ({
  name: `memory of ${member}, at most`,
  value: memoryMb(pid, "VmHWM"),
  unit: "MB",
  target: { at: "most", value: 150 },
  note: `after all that is above; now ${memoryMb(pid, "RssAnon").toFixed(0)} of its own, ${memoryMb(pid, "RssFile").toFixed(0)} of mapped files`,
});

export const memory: Scenario = { name: "memory", measure: measureMemory };

/** kill -9 of all processes under load; from the start of the next supervisor to the first record read. */
const measureRestart = async ({ stage, quick }: Bench): Promise<readonly Figure[]> => {
  const { service } = stage;
  const records = await stage.seed(mostClients);
  const path = `/v1/patients/${records[0]![0]!.patientId}`;
  const times: number[] = [];
  for (let turn = 0; turn < (quick ? 1 : 3); turn += 1) {
    const cut = stage
      .run({ kind: "update", clients: mostClients, forMs: 20_000, files: dealt(records, mostClients) })
      .then(
        () => new Error("the load was not cut off"),
        () => undefined,
      );
    await pause(1_000);
    const request = requestBytes({ method: "GET", path }, { authorization: `Bearer ${await service.token()}` });
    const port = Number(new URL(service.url).port);
    await service.kill("all");
    const failure = await cut;
    if (failure !== undefined) throw failure;
    const began = performance.now();
    const [ms] = await Promise.all([firstAnswer(port, request, began), service.restart({ PORT: String(port) })]);
    times.push(ms);
  }
  return [
    {
      name: "serving again after kill -9 of everything",
      value: Math.max(...times),
      unit: "ms",
      target: { at: "most", value: 1_000 },
      note: `slowest of ${times.length}, with ${stage.stored().toLocaleString("en-US")} operations stored: ${times.map((ms) => ms.toFixed(0)).join(", ")}`,
    },
  ];
};

const mostMs = 30_000;

/** Asks again and again until a record is answered with 200; ms since `began`. */
const firstAnswer = async (port: number, request: string, began: number): Promise<number> => {
  while (performance.now() - began < mostMs) {
    try {
      const connection = await openConnection("127.0.0.1", port);
      const { status } = await connection.ask(request);
      connection.close();
      if (status === 200) return performance.now() - began;
    } catch (cause) {
      if (!(cause instanceof Error)) throw cause;
    }
    await pause(5);
  }
  throw new Error("the service did not serve again");
};

export const restart: Scenario = { name: "restart", measure: measureRestart };
