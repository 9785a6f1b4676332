import type { ClinicClient } from "./clinic-client.ts";
import { type Story, storyNumber } from "./story.ts";

export interface Filled {
  /** Changes made by this run. */
  readonly committed: number;
  /** Changes that an earlier run made. */
  readonly replayed: number;
  /** Patients whose record belongs to others: their stories were left where they no longer fit. */
  readonly leftAlone: number;
}

export interface FillOptions {
  readonly patients: number;
  /** Patients whose stories are told side by side. */
  readonly concurrency: number;
  readonly onProgress: (patients: number, changes: number) => void;
}

/** Tells the stories of patients 1 to `patients`: side by side, each in its own order. Stops at the first error. */
export const fillClinic = async (
  client: ClinicClient,
  { patients, concurrency, onProgress }: FillOptions,
): Promise<Filled> => {
  const filled = { committed: 0, replayed: 0, leftAlone: 0 };
  let next = 1;
  let told = 0;
  const tellStory = async ({ requests }: Story): Promise<void> => {
    for (const request of requests) {
      const sentAs = await client.send(request);
      if (sentAs === "left alone") {
        filled.leftAlone += 1;
        return;
      }
      filled[sentAs] += 1;
      onProgress(told, filled.committed + filled.replayed);
    }
  };
  const tellStories = async (): Promise<void> => {
    while (next <= patients) {
      await tellStory(storyNumber(next++));
      onProgress(++told, filled.committed + filled.replayed);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, patients) }, tellStories));
  return filled;
};
