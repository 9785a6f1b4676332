import * as z from "zod";
import { isFault } from "../shared/errors.ts";
import type { Dependencies } from "./dependencies.ts";

/** Stands for a patient where the collector keeps its own state, among the segments; no patient's id is one word. */
export const collectorsPlace = "collector";

const round = z.object({
  id: z.string(),
  /** Rounds before it. */
  number: z.number(),
  /** ms since the epoch. */
  startedAt: z.number(),
  /** Records that changed later than this are visited, ms since the epoch; null: all are. */
  since: z.number().nullable(),
  /** Where the list of heads goes on; null: at its beginning. */
  after: z.string().nullable(),
  isDone: z.boolean(),
  /** In whom the round before left something to do. */
  again: z.array(z.string()),
  /** In whom this one does. */
  left: z.array(z.string()),
});

/** A round over all patients: how far it has come, and what it leaves to the next. */
export type Round = Readonly<z.infer<typeof round>>;

/** Clocks of writers may be wrong, and a settle may take its time: so much earlier a record may have changed, ms. */
const overlapMs = 60 * 60_000;

const nextAfter = (last: Round | undefined, { newId, now }: Dependencies): Round => ({
  id: newId(),
  number: last === undefined ? 0 : last.number + 1,
  startedAt: now(),
  // A last round of tomorrow had a wrong clock: what it tells of time is worth nothing.
  since: last === undefined || last.startedAt > now() ? null : last.startedAt - overlapMs,
  after: null,
  isDone: false,
  again: last?.left ?? [],
  left: [],
});

/** Undefined when it was taken away meanwhile, or is nothing that we wrote: what a lost state costs is a round over everybody. */
const readState = async ({ engine }: Dependencies, id: string): Promise<Round | undefined> => {
  try {
    const text = Buffer.from(await engine.segments.get(collectorsPlace, id)).toString("utf8");
    return round.parse(JSON.parse(text));
  } catch (error) {
    if (isFault(error, "segment-missing") || error instanceof z.ZodError || error instanceof SyntaxError)
      return undefined;
    throw error;
  }
};

/** The states that are there, newest first: one, or more after a kill or where two collectors are at work. */
const readStates = async (deps: Dependencies) => {
  const listed = await deps.engine.segments.list(collectorsPlace);
  const states = await Promise.all(listed.map(async ({ id }) => ({ id, round: await readState(deps, id) })));
  return states.toSorted((a, b) => (b.round?.number ?? -1) - (a.round?.number ?? -1));
};

/** The round under way, or the next one; `save` keeps how far it has come. */
export interface OpenRound {
  readonly round: Round;
  save(round: Round): Promise<void>;
}

/**
 * Opens the round that was not finished, or begins the next. Undefined when the last one was begun less than `apartMs` ago
 * and is done.
 */
export const openRound = async (deps: Dependencies, apartMs: number): Promise<OpenRound | undefined> => {
  const { segments } = deps.engine;
  const states = await readStates(deps);
  const last = states[0]?.round;
  const ageMs = last === undefined ? apartMs : deps.now() - last.startedAt;
  if (last?.isDone === true && ageMs >= 0 && ageMs < apartMs) return undefined;
  let stored: readonly string[] = states.map(({ id }) => id);
  const save = async (next: Round): Promise<void> => {
    const id = `round-${deps.newId().replaceAll("-", "")}`;
    await segments.put(collectorsPlace, id, Buffer.from(JSON.stringify(next), "utf8"));
    await segments.delete(collectorsPlace, stored);
    stored = [id];
  };
  if (last?.isDone === false) return { round: last, save };
  const next = nextAfter(last, deps);
  // Before anybody is visited: whoever goes on after a kill must go on with this round, not see everything a second time.
  await save(next);
  return { round: next, save };
};
