import type { Chance } from "./random.ts";

/** A measured value that moves from its first to its last mean over the visits, with some scatter. */
export interface Course {
  readonly label: string;
  readonly first: number;
  readonly last: number;
  readonly scatter: number;
  /** How far people differ, as a part of the mean; 0.05 unless told. */
  readonly spread?: number;
  readonly decimals?: number;
  readonly unit: string;
}

/** A long-term problem: what is told, measured and planned from the first visit to the last. */
export interface Condition {
  readonly slug: string;
  readonly title: string;
  readonly ages: readonly [number, number];
  /** First visit: how it came to light. */
  readonly openings: readonly [string, ...string[]];
  /** Later visits: what happened in between. */
  readonly intervals: readonly [string, ...string[]];
  readonly findings: readonly [string, ...string[]];
  readonly courses: readonly Course[];
  /** In the order in which they are tried. */
  readonly steps: readonly [string, ...string[]];
  readonly advice: readonly [string, ...string[]];
  /** Where a letter goes when the steps do not suffice. */
  readonly clinic: string;
}

/** A short-term complaint: one visit. */
export interface Episode {
  readonly slug: string;
  readonly title: string;
  readonly ages: readonly [number, number];
  readonly history: readonly [string, ...string[]];
  readonly findings: readonly [string, ...string[]];
  readonly plans: readonly [string, ...string[]];
}

export interface Moment {
  /** 0: first visit, 1: last. */
  readonly progress: number;
  /** Of this visit. */
  readonly chance: Chance;
  /** Where this person stands among others, -1 to 1. */
  readonly stature: number;
}

/** The value at one moment, as written in a note. */
export const measured = (course: Course, { progress, chance, stature }: Moment): string => {
  const { label, first, last, scatter, spread = 0.05, decimals = 0, unit } = course;
  const mean = (first + (last - first) * progress) * (1 + spread * stature);
  const value = mean + (chance.whole(-100, 100) / 100) * scatter;
  return `- ${label}: ${value.toFixed(decimals)} ${unit}`;
};
