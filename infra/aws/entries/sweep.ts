import { sweepAndFindOldest } from "../../../functions/sweep.ts";
import { composeDependencies } from "../dependencies.ts";

const deps = composeDependencies();

/** Each minute; then tells how long the oldest open operation has waited, which an alarm watches. */
export const handler = async (): Promise<void> => {
  const { log, now } = deps;
  const oldest = await sweepAndFindOldest(deps);
  log("info", "open.oldest", { ageS: oldest === undefined ? 0 : (now() - Date.parse(oldest)) / 1_000 });
};
