import { describe } from "vitest";
import { collectingContract } from "../contract/collecting.contract.ts";
import { openAws } from "../support/aws-engine.ts";

describe("rounds of the collector: DynamoDB and S3", () => {
  collectingContract(openAws);
});
