import { describe } from "vitest";
import { engines } from "../support/engines.ts";
import { headsContract } from "./heads.contract.ts";
import { settleContract } from "./settle.contract.ts";

describe.for(engines)("Heads on $name", ({ open }) => {
  headsContract(open);
  settleContract(open);
});
