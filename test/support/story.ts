import { hash } from "node:crypto";
import type { Dependencies } from "../../functions/dependencies.ts";
import { demographicsYaml } from "../../shared/record/demographics-file.ts";
import type { TreeState } from "../../shared/git/record-tree.ts";
import type { Operation } from "../../shared/operation.ts";
import type { Engine } from "../../shared/ports.ts";
import type { Command, Demographics } from "../../shared/record/command.ts";
import { anOperation } from "./an-operation.ts";
import { createCommand, putCommand, someDemographics } from "./write-path.ts";

/** A request that a caller makes, and repeats with the same id until it is answered. */
export interface Asked {
  readonly operation: Operation;
  readonly command: Command;
}

/** What a caller asks for one patient, in stages: one is at its end before the next begins. */
export interface Story {
  readonly patientId: string;
  readonly startedAt: number;
  readonly stages: readonly (readonly Asked[])[];
}

const uuidOf = (text: string): string => {
  const digits = hash("sha256", text);
  return [8, 12, 16, 20, 32].map((end, n, ends) => digits.slice(ends[n - 1] ?? 0, end)).join("-");
};

/** The same text for the same seed, and no shorter when deflated. */
const noise = (seed: string, length: number): string => {
  let text = "";
  while (text.length < length) text += `${hash("sha512", `${seed} ${text.length}`, "base64")}\n`;
  return text.slice(0, length);
};

const blobIdOf = (content: string): string => hash("sha1", `blob ${Buffer.byteLength(content)}\0${content}`);

const identifiersOf = (patientId: string) =>
  ["first", "second"].map((value) => ({ system: "urn:example:mrn", value: `${value}-${patientId}` }));

/**
 * Commands of all kinds of ends: accepted, refused as stale, an identifier claimed and given up, and content too large
 * for one item, which seals the tail, so that the tails it replaced are deleted.
 */
const commandsOf = (patientId: string): readonly (readonly Command[])[] => {
  const [first, second] = identifiersOf(patientId);
  const before: Demographics = someDemographics({ identifiers: [first!] });
  const after: Demographics = { ...before, name: { family: "Roe", given: ["Sample"] }, identifiers: [second!] };
  return [
    [
      createCommand({ identifiers: [first!] }),
      putCommand("notes/a.md", "one\n"),
      putCommand("notes/b.md", "two\n"),
      putCommand("notes/a.md", "stale\n", "0".repeat(40)),
    ],
    [
      { type: "UpdateDemographics", content: demographicsYaml(after), ifMatch: blobIdOf(demographicsYaml(before)) },
      putCommand("notes/c.md", "three\n"),
      putCommand("notes/large.md", noise("large", 70_000)),
    ],
    [putCommand("notes/a.md", "four\n", blobIdOf("one\n")), putCommand("notes/d.md", "five\n")],
  ];
};

/** The same seed and time give the same ids. Times of submission are whole seconds, as commits keep them. */
export const aStory = (seed: string, startedAt: number): Story => {
  const patientId = uuidOf(seed);
  let count = 0;
  const asked = (command: Command): Asked => {
    count += 1;
    const submittedAt = new Date((Math.floor(startedAt / 1_000) - 60 + count) * 1_000).toISOString();
    const requestHash = hash("sha256", JSON.stringify(command));
    const id = uuidOf(`${seed} ${count}`);
    return { command, operation: anOperation({ id, patientId, command: command.type, requestHash, submittedAt }) };
  };
  return { patientId, startedAt, stages: commandsOf(patientId).map((commands) => commands.map(asked)) };
};

export const operationsOf = ({ stages }: Story): readonly Operation[] =>
  stages.flat().map(({ operation }) => operation);

/** Writes ids and times as places, so that two stories compare. */
const namesOf = (story: Story) => {
  const places = new Map(operationsOf(story).map(({ id }, place) => [id, `operation ${place}`]));
  return (text: string): string =>
    text
      .replaceAll(story.patientId, "the patient")
      .replaceAll(/[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}/g, (id) => places.get(id) ?? id);
};

type Rename = ReturnType<typeof namesOf>;

/** Paths with blob ids; the files that name the patient with their content. */
const filesOf = (tree: TreeState, rename: Rename) =>
  Object.fromEntries([...tree.files()].map(({ path, oid }) => [path, rename(tree.pinned(path) ?? oid)]));

const historyOf = async ({ records }: Dependencies, { patientId, startedAt }: Story, rename: Rename) => {
  const log = await records.log(patientId, { limit: 1_000 });
  const commits = (log?.items ?? []).toReversed();
  const from = Math.floor(startedAt / 1_000);
  return Promise.all(
    commits.map(async ({ oid, message, author: { name, email, at } }) => {
      const version = await records.at(patientId, { commit: oid });
      const files = version && filesOf(version.tree, rename);
      return { message: rename(message), name, email, second: Date.parse(at) / 1_000 - from, files };
    }),
  );
};

/** Tells of each effect once its segments are deleted, which is what a story's effects ask for. */
export const watchingEffects = (engine: Engine, onSent: (id: string) => void): Engine => {
  const effectOf = new Map<string, string>();
  return {
    ...engine,
    effects: {
      ...engine.effects,
      pending: async (limit) => {
        const effects = await engine.effects.pending(limit);
        for (const { id, body } of effects) effectOf.set(JSON.stringify(body["segmentIds"]), id);
        return effects;
      },
    },
    segments: {
      ...engine.segments,
      delete: async (patientId, ids) => {
        await engine.segments.delete(patientId, ids);
        const id = effectOf.get(JSON.stringify(ids));
        if (id !== undefined) onSent(id);
      },
    },
  };
};

/**
 * What a story left in the store, without what may differ from run to run: commit ids, times of settling, segments that
 * nobody names. `sentEffects`: ids, each once.
 */
export const aftermathOf = async (deps: Dependencies, story: Story, sentEffects: ReadonlySet<string>) => {
  const { engine, records } = deps;
  const { patientId } = story;
  const rename = namesOf(story);
  const operations = operationsOf(story);
  const rows = await engine.operations.get(operations.map(({ id }) => id));
  const payloads = await engine.payloads.get(
    operations.map(({ id, requestHash }) => ({ operationId: id, requestHash })),
  );
  const owners = identifiersOf(patientId).map(async (identifier) => {
    const { items } = await engine.summaries.find({ limit: 10, identifier });
    return items.map((summary) => rename(summary.patientId));
  });
  const current = await records.current(patientId);
  const summary = await engine.summaries.get(patientId);
  const { packs = {} } = (await engine.heads.read(patientId)) ?? {};
  const segments = await engine.segments.list(patientId);
  const pending = (await engine.effects.pending(1_000)).filter((effect) => effect.patientId === patientId);
  return {
    operations: rows.map((row) => [
      row?.state,
      row?.attempt,
      row?.resource && rename(row.resource),
      row?.problem?.code,
    ]),
    history: await historyOf(deps, story, rename),
    lease: await engine.heads.acquire(patientId, "the one who looks").then(() => "free"),
    summary: summary && {
      ...summary,
      patientId: rename(summary.patientId),
      updatedAt: "",
      commit: "",
      identifiers: summary.identifiers.map(({ value }) => rename(value)),
    },
    summaryIsCurrent: summary?.commit === current?.commit,
    identifierOwners: await Promise.all(owners),
    // Their ids end with that of a segment, which a writer that comes again chooses anew.
    effects: [...sentEffects].map((id) => rename(id).split("#").slice(0, 2).join("#")),
    pendingEffects: pending.map(({ kind }) => kind),
    segmentsMissing: Object.keys(packs).filter((id) => !segments.some((segment) => segment.id === id)),
    payloadsLeft: payloads.filter((payload) => payload !== undefined).length,
  };
};
