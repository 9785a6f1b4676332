import { readFile } from "node:fs/promises";
import { join } from "node:path";
import * as isomorphicGit from "isomorphic-git";
import http from "isomorphic-git/http/node";
import fs from "node:fs";
import { expect, test } from "vitest";
import { gitFolder, gitServer } from "../support/git-server.ts";
import { storedRecord } from "../support/stored-record.ts";

const versions = [0, 1, 2] as const;
const strict = ["-c", "transfer.fsckObjects=true"];
const speaking = (version: number): string[] => ["-c", `protocol.version=${version}`, ...strict];

/** A record of `count` commits in segments of about `tailBytes`; notes come, change and go. */
const aRecordOf = async (count: number, tailBytes = 4_096) => {
  const record = storedRecord({ tailBytes });
  const commits: string[] = [];
  for (let n = 0; n < count; n++) {
    const files: Record<string, string | null> = {
      [`notes/${n % 7}/a-${n % 20}.md`]: `note ${n}\n`.repeat((n % 5) + 1),
      "ehr_status.yaml": `is_modifiable: ${n % 3 !== 0}\n`,
    };
    if (n % 10 === 9) files[`notes/${(n - 5) % 7}/a-${(n - 5) % 20}.md`] = null;
    commits.push(await record.commit(files));
  }
  return { ...record, commits };
};

test.for(versions)("git with protocol v%i clones the whole record, and fsck --strict is silent", async (version) => {
  const record = await aRecordOf(60);
  expect(Object.keys(record.head().packs).length).toBeGreaterThan(3);
  await using server = await gitServer(record.source);
  await using client = await gitFolder();
  await client.git(...speaking(version), "clone", "-q", server.url, "r");
  expect((await client.git("-C", "r", "rev-list", "--reverse", "main")).trim().split("\n")).toEqual(record.commits);
  expect(await client.git("-C", "r", "fsck", "--strict", "--full")).toBe("");
  expect(await client.git("-C", "r", "symbolic-ref", "HEAD")).toBe("refs/heads/main\n");
  expect(await readFile(join(client.folder, "r/notes/3/a-19.md"), "utf8")).toBe("note 59\n".repeat(5));
});

test.for(versions)("git with protocol v%i fetches what is new, round after round", async (version) => {
  const record = await aRecordOf(30);
  await using server = await gitServer(record.source);
  await using client = await gitFolder();
  await client.git(...speaking(version), "clone", "-q", server.url, "r");
  for (let round = 0; round < 3; round++) {
    const newest = [await record.commit({ "notes/1/a-1.md": `round ${round}` }), await record.commit({ "x.md": "x" })];
    await client.git("-C", "r", ...speaking(version), "pull", "-q");
    expect(await client.git("-C", "r", "rev-parse", "HEAD")).toBe(`${newest[1]}\n`);
  }
  await client.git("-C", "r", ...speaking(version), "fetch", "-q");
  expect(await client.git("-C", "r", "fsck", "--strict", "--full")).toBe("");
});

test("isomorphic-git clones the record and fetches what is new", async () => {
  const record = await aRecordOf(40);
  await using server = await gitServer(record.source);
  await using client = await gitFolder();
  const dir = join(client.folder, "r");
  await isomorphicGit.clone({ fs, http, dir, url: server.url, singleBranch: true });
  expect((await isomorphicGit.log({ fs, dir })).map(({ oid }) => oid)).toEqual(record.commits.toReversed());
  const newest = await record.commit({ "notes/1/a-1.md": "newer" });
  await isomorphicGit.fetch({ fs, http, dir });
  expect(await isomorphicGit.resolveRef({ fs, dir, ref: "origin/main" })).toBe(newest);
  expect(await client.git("-C", "r", "fsck", "--strict", "--full")).not.toMatch(/error|missing|broken/);
});
