import { describe } from "vitest";
import { engines } from "../support/engines.ts";
import { collectingContract } from "./collecting.contract.ts";

describe.for(engines)("rounds of the collector: $name", ({ open }) => {
  collectingContract(open);
});
