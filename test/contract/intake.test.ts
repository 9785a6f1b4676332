import { describe } from "vitest";
import { engines } from "../support/engines.ts";
import { intakeContract } from "./intake.contract.ts";

describe.for(engines)("Intake and payloads on $name", ({ open }) => {
  intakeContract(open);
});
