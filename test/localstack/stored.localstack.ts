import { describe } from "vitest";
import { effectsContract, segmentsContract, summariesContract } from "../contract/stored.contract.ts";
import { openAws } from "../support/aws-engine.ts";

describe("Segments, summaries and effects on S3 and DynamoDB", () => {
  segmentsContract(openAws);
  summariesContract(openAws);
  effectsContract(openAws);
});
