import { describe } from "vitest";
import { operationsContract } from "../contract/operations.contract.ts";
import { openAws } from "../support/aws-engine.ts";

describe("Operations on DynamoDB", () => {
  operationsContract(openAws);
});
