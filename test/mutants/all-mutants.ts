import { gitMutants } from "./git-mutants.ts";
import { httpMutants } from "./http-mutants.ts";
import type { Mutant } from "./mutant.ts";
import { overlookedMutants } from "./overlooked-mutants.ts";
import { writePathMutants } from "./write-path-mutants.ts";

/** In the order of the guarantees. */
export const allMutants: readonly Mutant[] = [
  ...writePathMutants,
  ...gitMutants,
  ...httpMutants,
  ...overlookedMutants,
].toSorted((a, b) => Number(a.guarantee.slice(1)) - Number(b.guarantee.slice(1)));
