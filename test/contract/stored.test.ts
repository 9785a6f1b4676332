import { describe } from "vitest";
import { engines } from "../support/engines.ts";
import { effectsContract, segmentsContract, summariesContract } from "./stored.contract.ts";

describe.for(engines)("Segments, summaries and effects on $name", ({ open }) => {
  segmentsContract(open);
  summariesContract(open);
  effectsContract(open);
});
