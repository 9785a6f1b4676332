import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { createWriter } from "../../functions/commit-operations.ts";
import { readMessage } from "../../functions/operation-message.ts";
import { parkedOutcome } from "../../functions/parked-outcome.ts";
import { encodeBlob } from "../../shared/git/objects.ts";
import type { Command } from "../../shared/record/command.ts";
import { demographicsYaml } from "../../shared/record/demographics-file.ts";
import { messageOf } from "../support/an-operation.ts";
import { createCommand, openWritePath, putCommand, someDemographics } from "../support/write-path.ts";

const content = async (path: Awaited<ReturnType<typeof openWritePath>>, patientId: string, file: string) => {
  const version = await path.deps.records.current(patientId);
  const entry = version?.tree.file(file);
  return version && entry && Buffer.from(await path.deps.records.content(version, entry)).toString();
};

test("a create and the first changes, sent in one go, are one commit each, in order", async () => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  const created = await path.submit(patientId, createCommand());
  const first = await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  const second = await path.submit(patientId, putCommand("notes/b.md", "two\n"));
  await path.deliverAll();
  expect(await path.history(patientId)).toEqual([created.id, first.id, second.id]);
  expect(await content(path, patientId, "notes/b.md")).toBe("two\n");
  const row = await path.row(second.id);
  const version = await path.deps.records.current(patientId);
  expect(row).toMatchObject({
    state: "committed",
    commit: version?.commit,
    etag: version?.tree.file("notes/b.md")?.oid,
  });
  expect(row.resource).toBe(`/v1/patients/${patientId}/files/notes/b.md`);
});

test("a batch of one patient is one segment and one settle", async () => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  await path.submit(patientId, createCommand());
  for (let n = 0; n < 20; n++) await path.submit(patientId, putCommand(`notes/${n}.md`, `${n}`));
  await path.run(await path.receive());
  const segments = await path.engine.segments.list(patientId);
  const head = await path.engine.heads.read(patientId);
  expect(segments).toHaveLength(1);
  expect(head).toMatchObject({ commits: 21, epoch: 1 });
});

/** Commits these commands to one patient in one go; gives the ids that each settle had, and those of the history. */
const settlesOf = async (commands: readonly Command[]) => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  const operations = [];
  for (const command of commands) operations.push(await path.submit(patientId, command));
  const { heads } = path.engine;
  const { settle } = heads;
  const settles: (readonly string[])[] = [];
  Object.assign(heads, {
    settle: async (settlement: Parameters<typeof settle>[0]) => {
      await settle(settlement);
      settles.push(settlement.outcomes.map(({ operationId }) => operationId));
    },
  });
  await createWriter(path.deps).commit(operations.map(messageOf));
  const asked = operations.map(({ id }) => id);
  return {
    asked,
    sizes: settles.map(({ length }) => length),
    settled: settles.flat(),
    history: await path.history(patientId),
  };
};

const notes = (count: number, text = "x"): readonly Command[] =>
  Array.from({ length: count }, (_, n) => putCommand(`notes/${n}.md`, text));

const withIdentifier = (value: string) => someDemographics({ identifiers: [{ system: "urn:example:mrn", value }] });

const changeOfIdentifier = (from: string, to: string): Command => ({
  type: "UpdateDemographics",
  content: demographicsYaml(withIdentifier(to)),
  ifMatch: encodeBlob(demographicsYaml(withIdentifier(from))).oid,
});

test.for<readonly [what: string, commands: readonly Command[], sizes: readonly number[]]>([
  ["64 operations", [createCommand(), ...notes(69)], [64, 6]],
  ["3.5 MB of content", [createCommand(), ...notes(20, "x".repeat(200_000))], [18, 3]],
  [
    "one change of identifiers",
    [createCommand(withIdentifier("1")), changeOfIdentifier("1", "2"), changeOfIdentifier("2", "1"), ...notes(1)],
    [1, 1, 2],
  ],
])("one settle takes %s at most, and what is left of a batch follows in order", async ([, commands, sizes]) => {
  const done = await settlesOf(commands);
  expect(done.sizes).toEqual(sizes);
  expect(done.settled).toEqual(done.asked);
  expect(done.history).toEqual(done.asked);
});

test("each operation of a batch has the tag of what it wrote itself, though a later one wrote the file again", async () => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  await path.submit(patientId, createCommand());
  const first = await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  const second = await path.submit(patientId, putCommand("notes/a.md", "two\n", encodeBlob("one\n").oid));
  await path.run(await path.receive());
  const rows = [await path.row(first.id), await path.row(second.id)];
  expect(rows.map(({ etag }) => etag)).toEqual([encodeBlob("one\n").oid, encodeBlob("two\n").oid]);
  const log = await path.deps.records.log(patientId, { limit: 2 });
  expect(rows.map(({ commit }) => commit)).toEqual(log?.items.map(({ oid }) => oid).toReversed());
});

test("a settle says of its summary whether the demographics are others than before", async () => {
  const changes = [createCommand(withIdentifier("1")), ...notes(1), changeOfIdentifier("1", "2")];
  const done = [];
  await using path = await openWritePath();
  const patientId = randomUUID();
  const { heads } = path.engine;
  const { settle } = heads;
  const told: boolean[] = [];
  Object.assign(heads, {
    settle: (settlement: Parameters<typeof settle>[0]) => {
      told.push(settlement.summaryChanged);
      return settle(settlement);
    },
  });
  for (const change of changes) {
    done.push(await path.submit(patientId, change));
    await path.deliverAll();
  }
  expect(await path.history(patientId)).toEqual(done.map(({ id }) => id));
  expect(told).toEqual([true, false, true]);
});

test("a message delivered again changes nothing", async () => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  await path.submit(patientId, createCommand());
  const note = await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  const messages = await path.receive();
  await path.run(messages);
  const before = await path.engine.heads.read(patientId);
  await path.run(messages);
  const after = await path.engine.heads.read(patientId);
  expect(after?.commit).toBe(before?.commit);
  expect(await path.tamper.leaseOwner(patientId)).toBeNull();
  expect((await path.history(patientId)).filter((id) => id === note.id)).toHaveLength(1);
});

test("a message from before a redrive is not carried out", async () => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  await path.submit(patientId, createCommand());
  await path.deliverAll();
  const note = await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  const old = await path.receive();
  await path.tamper.setOperation(note.id, { attempt: 2 });
  await path.run(old);
  expect(await path.row(note.id)).toMatchObject({ state: "queued", attempt: 2 });
  expect(await path.history(patientId)).not.toContain(note.id);
});

test("an operation that was redriven has the place of its new message, not that of one from before the redrive", async () => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  const created = await path.submit(patientId, createCommand());
  await path.deliverAll();
  const redriven = await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  const next = await path.submit(patientId, putCommand("notes/b.md", "two\n"));
  await path.engine.operations.park(parkedOutcome({ operationId: redriven.id, attempt: 1 }, "dead-letter", Date.now()));
  const { id, attempt } = await path.engine.operations.redrive(redriven.id);
  await path.engine.intake.send({ operationId: id, patientId, attempt });
  const messages = await path.receive();
  expect(messages.map(({ body }) => readMessage(body))).toMatchObject([
    { operationId: redriven.id, attempt: 1 },
    { operationId: next.id, attempt: 1 },
    { operationId: redriven.id, attempt: 2 },
  ]);
  await path.run(messages);
  expect(await path.history(patientId)).toEqual([created.id, next.id, redriven.id]);
});

test("a refusal settles its operation and leaves the others of its batch alone", async () => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  await path.submit(patientId, createCommand());
  const good = await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  const stale = await path.submit(patientId, putCommand("notes/a.md", "other\n"));
  const next = await path.submit(patientId, putCommand("notes/b.md", "two\n"));
  await path.deliverAll();
  const etag = (await path.deps.records.current(patientId))?.tree.file("notes/a.md")?.oid;
  expect(await path.row(stale.id)).toMatchObject({
    state: "rejected",
    problem: {
      code: "precondition-failed",
      currentEtag: `"${etag}"`,
      changedPaths: ["notes/a.md"],
      operationId: stale.id,
    },
  });
  expect((await path.history(patientId)).slice(1)).toEqual([good.id, next.id]);
});

test("a change set refused inside a batch names the real commit before it", async () => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  const created = await path.submit(patientId, createCommand());
  await path.deliverAll();
  const { commit: expectedCommit } = await path.row(created.id);
  const note = await path.submit(patientId, putCommand("notes/a.md", "one\n"));
  const changes = [{ put: "notes/b.md", content: "two\n" }];
  const stale = await path.submit(patientId, {
    type: "PutFiles",
    summary: "",
    target: "record",
    changes,
    expectedCommit: expectedCommit ?? "",
  });
  await path.submit(patientId, putCommand("notes/c.md", "three\n"));
  await path.deliverAll();
  const { commit } = await path.row(note.id);
  const { problem } = await path.row(stale.id);
  expect(problem).toMatchObject({
    code: "precondition-failed",
    currentEtag: `"${commit}"`,
    changedPaths: ["notes/a.md"],
  });
});

test("what a row keeps of a refusal is cut at 2 KB", async () => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  await path.submit(patientId, createCommand());
  await path.deliverAll();
  const { commit: expectedCommit } = (await path.engine.heads.read(patientId))!;
  const name = "a".repeat(100);
  for (let n = 0; n < 60; n++) await path.submit(patientId, putCommand(`notes/${name}-${n}.md`, `${n}`));
  const stale = await path.submit(patientId, {
    type: "PutFiles",
    summary: "",
    target: "record",
    expectedCommit: expectedCommit ?? "",
    changes: [{ put: "notes/b.md", content: "two\n" }],
  });
  await path.deliverAll();
  const { problem } = await path.row(stale.id);
  expect(JSON.stringify(problem).length).toBeLessThanOrEqual(2_048);
  expect(problem).toMatchObject({ code: "precondition-failed", truncated: true });
});

test("of two creates with one identifier, one is refused and leaves no record behind", async () => {
  await using path = await openWritePath();
  const identifiers = [{ system: "urn:example:mrn", value: "12345" }];
  const patients = [randomUUID(), randomUUID()];
  const creates = await Promise.all(patients.map((id) => path.submit(id, createCommand({ identifiers }))));
  await path.deliverAll();
  const rows = await Promise.all(creates.map(({ id }) => path.row(id)));
  const records = await Promise.all(patients.map((id) => path.deps.records.current(id)));
  expect(rows.map(({ state }) => state).toSorted()).toEqual(["committed", "rejected"]);
  expect(rows.find(({ state }) => state === "rejected")?.problem?.code).toBe("identifier-in-use");
  expect(records.map((record) => record !== undefined)).toEqual(rows.map(({ state }) => state === "committed"));
});

test("a message that is not ours is set aside with its id and holds nobody up", async () => {
  await using path = await openWritePath();
  const patientId = randomUUID();
  const created = await path.submit(patientId, createCommand());
  const [ours] = await path.receive();
  const failed = await path.run([{ ...ours!, messageId: "stranger", body: "{broken" }, ours!]);
  expect(failed).toEqual([]);
  expect(path.lines).toContainEqual(
    expect.objectContaining({ event: "message.unreadable", fields: { messageId: "stranger" } }),
  );
  expect((await path.row(created.id)).state).toBe("committed");
});
