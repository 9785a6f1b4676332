import { describe } from "vitest";
import { openSqlite, openSqliteOnFile } from "../support/engines.ts";
import { adoptionContract } from "./adoption.contract.ts";

describe.for([
  ["SQLite in memory", openSqlite],
  ["SQLite on a file", openSqliteOnFile],
] as const)("Adoption on %s", ([, open]) => {
  adoptionContract(async () => {
    const under = await open();
    return { ...under, adoption: under.engine.adoption };
  });
});
