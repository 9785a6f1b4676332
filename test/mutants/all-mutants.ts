import { gitMutants } from "./git-mutants.ts";
import { httpMutants } from "./http-mutants.ts";
import type { Mutant } from "./mutant.ts";
import { writePathMutants } from "./write-path-mutants.ts";

/** In the order of the guarantees. */
export const allMutants: readonly Mutant[] = [...writePathMutants, ...gitMutants, ...httpMutants];
