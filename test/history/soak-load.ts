import { randomUUID } from "node:crypto";
import type { RawReply } from "../bench/load/connection.ts";
import { noteMaker } from "../bench/load/note.ts";
import { bodyOf, etagOf, type FileChange, type RecordedClient } from "./client.ts";

/** What a stretch of load came to. */
export interface Load {
  /** Operations answered as committed. */
  readonly committed: number;
  readonly seconds: number;
}

export interface SoakLoad {
  /** Makes the records. */
  prepare(): Promise<void>;
  /**
   * All clients ask one thing after the other for so long, and on while `isWanted`, told how many operations are committed,
   * says so; ends when each has had its last answer.
   */
  run(forMs: number, isWanted?: (committed: number) => boolean): Promise<Load>;
  /** Answers by their status. */
  readonly statuses: Readonly<Record<number, number>>;
}

const filesOfARecord = 5;
/** A part of all that is asked goes to a few patients, whom clients then get in each other's way at. */
const busyPatients = 5;
const busyShare = 0.2;

const pick = <T>(from: readonly T[]): T => from[Math.floor(Math.random() * from.length)]!;

/** Clients that write and read records in every way there is, guarded by the tags that they know. */
export const soakLoad = (clients: readonly RecordedClient[], patients: readonly string[]): SoakLoad => {
  const statuses: Record<number, number> = {};
  const desk: Desk = { patients, tags: new Map(), note: noteMaker(), statuses, committed: 0 };
  return {
    statuses,
    prepare: async () => {
      const left = [...patients];
      const create = async (client: RecordedClient): Promise<void> => {
        for (let id = left.pop(); id !== undefined; id = left.pop()) await end(desk, client, await client.create(id));
      };
      await Promise.all(clients.map(create));
    },
    run: async (forMs, isWanted = () => false) => {
      const before = desk.committed;
      const began = performance.now();
      const rounds = async (client: RecordedClient): Promise<void> => {
        while (performance.now() - began < forMs || isWanted(desk.committed - before)) await round(desk, client);
      };
      await Promise.all(clients.map(rounds));
      return { committed: desk.committed - before, seconds: (performance.now() - began) / 1_000 };
    },
  };
};

interface Desk {
  readonly patients: readonly string[];
  /** The tag that each file was last seen with, by patient and path; null: it is not there. */
  readonly tags: Map<string, string | null>;
  readonly note: (stamp: string) => string;
  readonly statuses: Record<number, number>;
  committed: number;
}

const tagKey = ({ patient, path }: Pick<FileChange, "patient" | "path">): string => `${patient}/${path}`;

const aChange = (desk: Desk): FileChange => {
  const patient = pick(Math.random() < busyShare ? desk.patients.slice(0, busyPatients) : desk.patients);
  return changeOf(desk, patient, Math.floor(Math.random() * filesOfARecord));
};

const changeOf = (desk: Desk, patient: string, file: number): FileChange => {
  const path = `notes/${file}.md`;
  const etag = desk.tags.get(tagKey({ patient, path })) ?? null;
  return { patient, path, etag, content: desk.note(patient) };
};

/** Counts an answer; waits for the end of an operation that has not ended. */
const end = async (desk: Desk, client: RecordedClient, reply: RawReply): Promise<RawReply> => {
  desk.statuses[reply.status] = (desk.statuses[reply.status] ?? 0) + 1;
  const last = reply.status === 202 ? await client.settled(String(bodyOf(reply)["id"])) : reply;
  if (last.status < 300 && bodyOf(last)["state"] === "committed") desk.committed += 1;
  return last;
};

const learn = (desk: Desk, change: FileChange, reply: RawReply): void => {
  const { currentEtag, etag } = bodyOf(reply);
  const tag = reply.status === 412 ? currentEtag : etag;
  desk.tags.set(tagKey(change), typeof tag === "string" ? tag.replaceAll('"', "") : null);
};

const write = async (desk: Desk, client: RecordedClient, change: FileChange, prefer?: string): Promise<void> => {
  const options = { key: randomUUID(), ...(prefer === undefined ? {} : { prefer }) };
  const reply = await end(desk, client, await client.change(change, options));
  learn(desk, change, reply);
};

const repeat = async (desk: Desk, client: RecordedClient, change: FileChange): Promise<void> => {
  const key = randomUUID();
  learn(desk, change, await end(desk, client, await client.change(change, { key })));
  // Counted once: a repeat is no second operation.
  await client.change(change, { key });
};

const writeTwo = async (desk: Desk, client: RecordedClient, { patient }: FileChange): Promise<void> => {
  const changes = [0, 1].map((file) => changeOf(desk, patient, file));
  await end(desk, client, await client.changeSet(patient, changes));
  // Its answer has the tag of the record: what became of the files is looked at.
  for (const change of changes) await look(desk, client, change);
};

const look = async (desk: Desk, client: RecordedClient, { patient, path }: FileChange): Promise<void> => {
  const reply = await client.readFile(patient, path);
  desk.statuses[reply.status] = (desk.statuses[reply.status] ?? 0) + 1;
  desk.tags.set(tagKey({ patient, path }), reply.status === 200 ? etagOf(reply) : null);
};

/** Of ten rounds, about six are plain guarded changes. */
const round = async (desk: Desk, client: RecordedClient): Promise<void> => {
  const change = aChange(desk);
  const { patient, path, etag } = change;
  const dice = Math.random();
  if (dice < 0.6) return write(desk, client, change);
  if (dice < 0.65) return write(desk, client, etag === null ? change : { patient, path, etag });
  if (dice < 0.7) return writeTwo(desk, client, change);
  if (dice < 0.75) return write(desk, client, change, "respond-async");
  if (dice < 0.8) return repeat(desk, client, change);
  if (dice < 0.9) return look(desk, client, change);
  const { status } = await client.readRecord(patient);
  desk.statuses[status] = (desk.statuses[status] ?? 0) + 1;
};
