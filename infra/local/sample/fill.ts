import type { ClinicClient, SentAs } from "./clinic-client.ts";
import { storyNumber } from "./story.ts";

export interface Filled {
  readonly patients: number;
  readonly counts: Readonly<Record<SentAs, number>>;
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
  const counts: Record<SentAs, number> = { committed: 0, replayed: 0, "left alone": 0 };
  let next = 1;
  let told = 0;
  let changes = 0;
  const tellStories = async (): Promise<void> => {
    while (next <= patients) {
      const story = storyNumber(next++);
      for (const request of story.requests) {
        counts[await client.send(request)] += 1;
        onProgress(told, ++changes);
      }
      onProgress(++told, changes);
    }
  };
  await Promise.all(Array.from({ length: Math.min(concurrency, patients) }, tellStories));
  return { patients: told, counts };
};
