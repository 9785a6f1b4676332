import { describe } from "vitest";
import { headsContract } from "../contract/heads.contract.ts";
import { settleContract } from "../contract/settle.contract.ts";
import { openAws } from "../support/aws-engine.ts";

describe("Heads on DynamoDB", () => {
  headsContract(openAws);
  settleContract(openAws);
});
