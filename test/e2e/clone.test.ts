import { randomBytes } from "node:crypto";
import * as fs from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout } from "node:timers/promises";
import * as isomorphicGit from "isomorphic-git";
import http from "isomorphic-git/http/node";
import { afterAll, beforeAll, expect, test } from "vitest";
import { databaseFile } from "../../infra/local/data-folder.ts";
import { openReadOnlyEngine } from "../../infra/local/doctor/read-only-engine.ts";
import { aPatientOf, cloneOf } from "../support/clinic.ts";
import { startService, type Service } from "../support/service.ts";

let service: Service;
beforeAll(async () => {
  service = await startService();
});
afterAll(() => service[Symbol.asyncDispose]());

const clinicians = 3;

/** Clinicians who write notes into one record for as long as the block runs; `pause` waits until they stand still. */
const withWriters = async (patient: Awaited<ReturnType<typeof aPatientOf>>) => {
  const state = { isOver: false, committed: 0 };
  const write = async (clinician: number): Promise<void> => {
    for (let n = 0; !state.isOver; n++) {
      const { status, text } = await patient.put(`notes/by-${clinician}/${n}.md`, {
        content: `${randomBytes(300).toString("hex")}\n`,
      });
      expect({ status, text }).toMatchObject({ status: 201 });
      state.committed++;
    }
  };
  const writers = Array.from({ length: clinicians }, (_, clinician) => write(clinician));
  const pause = async (): Promise<void> => {
    state.isOver = true;
    await Promise.all(writers);
  };
  /** Waits until so many more notes are committed. */
  const more = async (count: number): Promise<void> => {
    const until = state.committed + count;
    while (state.committed < until) await setTimeout(5);
  };
  await more(clinicians);
  return { pause, more, [Symbol.asyncDispose]: pause };
};

/** Ids of a record's commits by the HTTP API, newest first. */
const historyOf = async (id: string): Promise<readonly string[]> => {
  const commits: string[] = [];
  for (let cursor = ""; ;) {
    const { json } = await service.request("GET", `/v1/patients/${id}/commits?limit=100${cursor}`);
    commits.push(...json.items.map(({ commit }: { commit: string }) => commit));
    if (json.next === undefined) return commits;
    cursor = `&cursor=${json.next}`;
  }
};

const idsIn = (lines: string): readonly string[] => lines.trim().split("\n");

/** The service's allowed-signers file, as git is told of it. */
const allowedSigners = async (folder: string): Promise<readonly string[]> => {
  const file = join(folder, "..", "allowed-signers");
  await writeFile(file, (await service.request("GET", "/.well-known/allowed-signers", { token: null })).text);
  return ["-c", `gpg.ssh.allowedSignersFile=${file}`];
};

test.for([0, 1, 2])(
  "git with protocol v%i clones and fetches a record that is being written, strictly checked and signed",
  async (version) => {
    const strictly = ["-c", `protocol.version=${version}`, "-c", "transfer.fsckObjects=true"];
    const patient = await aPatientOf(service);
    await using writers = await withWriters(patient);
    using clone = await cloneOf(service, patient.id, strictly);
    const signers = await allowedSigners(clone.folder);
    let known = 0;
    for (let round = 0; round < 3; round++) {
      await writers.more(10);
      if (round === 2) await writers.pause();
      await clone.git(...strictly, "pull", "-q");
      const commits = idsIn(await clone.git("rev-list", "HEAD"));
      expect(commits.length).toBeGreaterThan(known);
      known = commits.length;
      expect((await historyOf(patient.id)).slice(-known)).toEqual(commits);
      expect(await clone.git(...signers, "verify-commit", "HEAD")).toMatch(/^Good "git" signature/);
    }
    expect(await historyOf(patient.id)).toHaveLength(known);
    expect(await clone.git("fsck", "--strict", "--full")).toBe("");
  },
);

test("isomorphic-git clones and fetches a record that is being written", async () => {
  const patient = await aPatientOf(service);
  const home = await mkdtemp(join(tmpdir(), "casenotes-isomorphic-"));
  try {
    await using writers = await withWriters(patient);
    const dir = join(home, "record");
    const headers = { authorization: `Bearer ${await service.token()}` };
    await isomorphicGit.clone({
      fs,
      http,
      dir,
      headers,
      url: `${service.url}/git/${patient.id}.git`,
      singleBranch: true,
    });
    const cloned = await isomorphicGit.log({ fs, dir });
    await writers.more(10);
    await writers.pause();
    await isomorphicGit.fetch({ fs, http, dir, headers });
    const fetched = (await isomorphicGit.log({ fs, dir, ref: "origin/main" })).map(({ oid }) => oid);
    expect(fetched).toEqual(await historyOf(patient.id));
    expect(fetched.slice(-cloned.length)).toEqual(cloned.map(({ oid }) => oid));
    const { blob } = await isomorphicGit.readBlob({ fs, dir, oid: fetched[0]!, filepath: "notes/by-0/0.md" });
    expect(Buffer.from(blob).toString()).toBe((await patient.read("notes/by-0/0.md")).text);
  } finally {
    await rm(home, { recursive: true, force: true });
  }
});

/** A note so long that the segment which holds it is sealed. */
const longNote = (): string => `${randomBytes(20_000).toString("hex")}\n`;

test("a file that went from A to B and back, over and over across sealed segments, reads as it was at every commit", async () => {
  const patient = await aPatientOf(service);
  for (let n = 0; n < 30; n++) await patient.put(`notes/n-${n}.md`, { content: `${n}\n`, prefer: "respond-async" });
  let last = await patient.put("notes/n-back.md", { content: "A\n" });
  const versions = [{ commit: last.json.commit as string, content: "A\n" }];
  for (let n = 0; n < 8; n++) {
    await patient.put(`notes/long-${n}.md`, { content: longNote() });
    const content = n % 2 === 0 ? "B\n" : "A\n";
    last = await patient.put("notes/n-back.md", { content, ifMatch: last.headers.get("etag") ?? "" });
    versions.push({ commit: last.json.commit, content });
  }
  const { engine } = await openReadOnlyEngine(databaseFile(service.data));
  const packs = Object.values((await engine.heads.read(patient.id))!.packs);
  await engine.close();
  expect(packs.filter(({ sealed }) => sealed).length).toBeGreaterThan(7);

  using clone = await cloneOf(service, patient.id, ["-c", "transfer.fsckObjects=true"]);
  for (const { commit, content } of versions) {
    expect((await patient.read(`notes/n-back.md?at=${commit}`)).text).toBe(content);
    expect(await clone.git("show", `${commit}:notes/n-back.md`)).toBe(content);
  }
  expect(await clone.git("fsck", "--strict", "--full")).toBe("");
});
