import { alternate, type Side } from "../alternate.ts";
import { dealt, mostClients, refreshed, stageOn, type Stage } from "../bench-run.ts";
import type { Figure } from "../figures.ts";
import type { Bench, Scenario } from "../scenario.ts";
import { startService } from "../../support/service.ts";

const sizes = { quick: { short: 200, long: 2_000 }, full: { short: 1_000, long: 10_000 } };
const plans = { quick: { turns: 6, rounds: 25 }, full: { turns: 20, rounds: 30 } };

const count = (value: number): string => value.toLocaleString("en-US");

/** One client, two records of the same service that differ in the length of their histories. */
const measureCommits = async ({ stage, quick, progress }: Bench): Promise<readonly Figure[]> => {
  const { short, long } = quick ? sizes.quick : sizes.full;
  progress(`making records of ${count(short)} and ${count(long)} commits`);
  const sides: [Side, Side] = [
    { stage, files: await stage.grown(short) },
    { stage, files: await stage.grown(long) },
  ];
  progress("taking turns");
  const [ofShort, ofLong] = await alternate(sides, quick ? plans.quick : plans.full);
  return [
    {
      name: `update p50 at ${count(long)} commits, compared with ${count(short)}`,
      value: ofLong / ofShort,
      unit: "×",
      target: { at: "most", value: 1.1, check: true },
      note: `${ofLong.toFixed(2)} and ${ofShort.toFixed(2)} ms, one client, turn by turn`,
    },
  ];
};

export const growth: Scenario = { name: "growth", measure: measureCommits };

const stores = { quick: 5_000, full: 100_000 };
const fewRecords = 50;

const fill = async (stage: Stage, operations: number): Promise<void> => {
  const missing = operations - stage.stored();
  if (missing <= 0) return;
  const files = await refreshed(stage, dealt(await stage.seed(256), mostClients));
  await stage.run({ kind: "update", clients: mostClients, forMs: 600_000, requests: missing, files });
};

/** One client, two services: a new one, and one that was filled through the API. */
const measureStored = async ({ stage, driver, quick, progress }: Bench): Promise<readonly Figure[]> => {
  const most = quick ? stores.quick : stores.full;
  progress(`filling up to ${count(most)} operations`);
  await fill(stage, most);
  await using service = await startService();
  const small = await stageOn(service, driver);
  const [few, many] = [await small.seed(fewRecords), await stage.seed(fewRecords)];
  const sides: [Side, Side] = [
    { stage: small, files: few.map(([file]) => file!) },
    { stage, files: many.map(([file]) => file!) },
  ];
  progress("taking turns");
  const [ofSmall, ofLarge] = await alternate(sides, quick ? plans.quick : plans.full);
  return [
    {
      name: `update p50 with ${count(stage.stored())} operations stored, compared with ${fewRecords * 2}`,
      value: ofLarge / ofSmall,
      unit: "×",
      target: { at: "most", value: 1.1, check: true },
      note: `${ofLarge.toFixed(2)} and ${ofSmall.toFixed(2)} ms, one client, turn by turn; filled through the API`,
    },
  ];
};

export const stored: Scenario = { name: "stored", measure: measureStored };
