import { describe } from "vitest";
import { engines } from "../support/engines.ts";
import { operationsContract } from "./operations.contract.ts";

describe.for(engines)("Operations on $name", ({ open }) => {
  operationsContract(open);
});
