import type { Context } from "aws-lambda";
import { collectAll } from "../../../functions/collect.ts";
import { composeDependencies } from "../dependencies.ts";

const deps = composeDependencies();

/** A round a day; the hourly schedule may come a little early. */
const apartMs = 23.5 * 60 * 60_000;

/** What a page and its end may take, ms: kept back from the time that the function has. */
const keptBackMs = 60_000;

/** Each hour: begins the day's round, or goes on with it where the last invocation ran out of time. */
export const handler = (_: unknown, context: Context): Promise<void> =>
  collectAll(deps, { apartMs, stopAt: deps.now() + context.getRemainingTimeInMillis() - keptBackMs });
