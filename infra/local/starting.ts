import { Refusal } from "../../shared/errors.ts";
import { problemResult } from "./problem-result.ts";
import type { Entry } from "./server.ts";

/** Answers until the store is open: the port is taken first, so that clients meet a 503 and not a closed door. */
export const starting: Entry = async (_event, { awsRequestId }) =>
  problemResult(awsRequestId, new Refusal("unavailable", "The service is starting."), { "retry-after": "1" });
