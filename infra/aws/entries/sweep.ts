import { sweep } from "../../../functions/sweep.ts";
import { composeDependencies } from "../dependencies.ts";

const deps = composeDependencies();

/** Each minute; then tells how long the oldest open operation has waited, which an alarm watches. */
export const handler = async (): Promise<void> => {
  const { engine, log, now } = deps;
  const { items } = await engine.operations.listQueued(new Date(now()).toISOString(), { limit: 1 });
  const [oldest] = items;
  log("info", "open.oldest", { ageS: oldest === undefined ? 0 : (now() - Date.parse(oldest.submittedAt)) / 1_000 });
  await sweep(deps);
};
