import { describe } from "vitest";
import { intakeContract } from "../contract/intake.contract.ts";
import { openAws } from "../support/aws-engine.ts";

describe("Intake and payloads on DynamoDB and SQS", () => {
  intakeContract(openAws);
});
