import type { Change } from "../support/project-copy.ts";

/** A mistake that somebody could make, and the tests that must notice it. */
export interface Mutant extends Change {
  readonly name: string;
  /** Of 00-overview, "Guarantees": what the mistake breaks. */
  readonly guarantee: "G1" | "G2" | "G3" | "G4" | "G5" | "G6" | "G7" | "G8";
  /** The test file that is run. */
  readonly suite: string;
  /** Part of the names of its tests, or of what describes them, that are run; one of them must fail. */
  readonly noticedBy: string;
}

/** Mutants of one guarantee. */
export const breaking = (
  guarantee: Mutant["guarantee"],
  mutants: readonly Omit<Mutant, "guarantee">[],
): readonly Mutant[] => mutants.map((mutant) => ({ guarantee, ...mutant }));
