import { describe } from "vitest";
import { engines } from "../support/engines.ts";
import { queueContract } from "./queue.contract.ts";

describe.for(engines)("OperationQueue on $name", ({ open }) => {
  queueContract(open);
});
