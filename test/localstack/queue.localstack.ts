import { describe } from "vitest";
import { queueContract } from "../contract/queue.contract.ts";
import { openAws } from "../support/aws-engine.ts";

describe("OperationQueue on SQS", () => {
  queueContract(openAws, true);
});
