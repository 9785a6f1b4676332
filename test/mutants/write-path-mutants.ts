import { breaking, type Mutant } from "./mutant.ts";

const settle = "infra/local/sqlite/settle.ts";
const heads = "infra/local/sqlite/heads.ts";
const byHeads = (noticedBy: string) => ({ suite: "test/contract/heads.test.ts", noticedBy });
const faultsSuite = "test/unit/commit-faults.test.ts";
const outcomesSuite = "test/unit/commit-outcomes.test.ts";
const sweepSuite = "test/unit/drain-and-sweep.test.ts";
const simulation = { suite: "test/simulation/simulation.test.ts", noticedBy: "keep every promise" };

const oneWriter = breaking("G1", [
  {
    name: "settle-whatever-the-head-is",
    file: settle,
    from: "AND commit_id IS ?8 AND",
    to: "AND (commit_id IS ?8 OR 1 = 1) AND",
    ...byHeads("only the head's commit moved"),
  },
  {
    name: "settle-whatever-the-epoch-is",
    file: settle,
    from: " = ?1`;\n\nconst keepHead",
    to: " IS NOT NULL`;\n\nconst keepHead",
    ...byHeads("only the epoch moved"),
  },
  {
    name: "lease-taken-while-it-is-held",
    file: heads,
    from: "WHERE leases.until <= ?5 OR",
    to: "WHERE leases.until <= ?5 OR 1 = 1 OR",
    ...byHeads("keeps another writer out"),
  },
  {
    name: "epoch-not-raised-by-acquire",
    file: heads,
    from: "1 + coalesce((SELECT epoch FROM heads WHERE patient_id = ?1), 0)",
    to: "max(1, coalesce((SELECT epoch FROM heads WHERE patient_id = ?1), 0))",
    ...byHeads("that is free goes to the next writer with a higher epoch"),
  },
  {
    name: "epoch-not-raised-by-taking-a-lease-that-ran-out",
    file: heads,
    from: "epoch = epoch + 1",
    to: "epoch = epoch",
    ...byHeads("that has run out goes to the next writer with a higher epoch"),
  },
  {
    name: "epoch-lost-when-a-lease-is-given-back",
    file: "infra/local/sqlite/lease-row.ts",
    from: "UPDATE heads SET epoch = ? WHERE",
    to: "UPDATE heads SET epoch = min(epoch, ?) WHERE",
    ...byHeads("that is free goes to the next writer with a higher epoch"),
  },
  {
    name: "lease-given-back-by-a-writer-that-lost-it",
    file: heads,
    from: "WHERE patient_id = ? AND owner = ? RETURNING",
    to: "WHERE patient_id = ? AND (owner = ? OR 1 = 1) RETURNING",
    ...byHeads("is not given back by a writer that lost it"),
  },
  {
    name: "compaction-whatever-the-generation-is",
    file: heads,
    from: "WHERE patient_id = ? AND generation = ?`",
    to: "WHERE patient_id = ? AND (generation = ? OR 1 = 1)`",
    ...byHeads("only the generation moved"),
  },
  {
    name: "if-match-ignored-where-the-file-is-absent",
    file: "shared/record/change-files.ts",
    from: "return (tree.file(pathOf(change))?.oid ?? null) !== ifMatch;",
    to: "return (tree.file(pathOf(change))?.oid ?? ifMatch) !== ifMatch;",
    suite: "test/unit/record-change-set.test.ts",
    noticedBy: "preconditions",
  },
  {
    name: "expected-commit-ignored",
    file: "shared/record/preconditions.ts",
    from: "if (expected === record.commit) return null;",
    to: "if (expected !== record.commit) return null;",
    suite: "test/unit/record-change-set.test.ts",
    noticedBy: "a moved record is answered with the paths changed since",
  },
]);

const nothingLostOrTwice = breaking("G2", [
  {
    name: "settle-whatever-the-state-is",
    file: settle,
    from: "WHERE id = ? AND state = 'queued' AND attempt = ?",
    to: "WHERE id = ? AND (state = 'queued' OR 1 = 1) AND attempt = ?",
    ...byHeads("only an operation's state moved"),
  },
  {
    name: "settle-whatever-the-attempt-is",
    file: settle,
    from: "WHERE id = ? AND state = 'queued' AND attempt = ?",
    to: "WHERE id = ? AND state = 'queued' AND (attempt = ? OR 1 = 1)",
    ...byHeads("only an operation's attempt moved"),
  },
  {
    name: "message-from-before-a-redrive-carried-out",
    file: "functions/commit-round.ts",
    from: "`${operationId}#${attempt}`;",
    to: "`${operationId}#${attempt > 0}`;",
    suite: outcomesSuite,
    noticedBy: "a message from before a redrive is not carried out",
  },
  {
    name: "redriven-in-the-place-of-a-message-from-before",
    file: "functions/commit-round.ts",
    from: "return [...new Set(messages.map(keyOf))].flatMap((key) => open.get(key) ?? []);",
    to: "return [...open.values()].filter((row) => messages.map(keyOf).includes(keyOf(messageOf(row))));",
    suite: outcomesSuite,
    noticedBy: "an operation that was redriven has the place of its new message",
  },
  {
    name: "fenced-writer-thinks-it-is-done",
    file: "functions/commit-operations.ts",
    from: 'else if (isFault(cause, "fenced", "segment-missing", "outcome-unknown")) fenced += 1;',
    to: 'else if (isFault(cause, "fenced")) left = [];\n        else if (isFault(cause, "segment-missing", "outcome-unknown")) fenced += 1;',
    suite: faultsSuite,
    noticedBy: "a writer fenced before its settle starts again and commits once",
  },
  {
    name: "swallowed-time-out-of-a-settle",
    file: "functions/commit-operations.ts",
    from: 'else if (isFault(cause, "fenced", "segment-missing", "outcome-unknown")) fenced += 1;',
    to: 'else if (isFault(cause, "outcome-unknown")) left = [];\n        else if (isFault(cause, "fenced", "segment-missing")) fenced += 1;',
    ...simulation,
  },
  {
    name: "answered-before-the-transaction-is-committed",
    file: "infra/local/sqlite/group-writer.ts",
    from: "call.answer = () => resolve(result);",
    to: "resolve(result);",
    suite: "test/unit/sqlite-engine.test.ts",
    noticedBy: "calls of one turn",
  },
  {
    name: "accepted-without-a-sync",
    file: "infra/local/sqlite/intake.ts",
    from: 'store.writer.write("power-cut", (sql) => {',
    to: 'store.writer.write("process-end", (sql) => {',
    suite: "test/unit/sqlite-engine.test.ts",
    noticedBy: "undoes nothing that was promised",
  },
  {
    name: "settled-without-a-sync",
    file: heads,
    from: 'store.writer.write("power-cut", (sql) => settle(sql, settlement))',
    to: 'store.writer.write("process-end", (sql) => settle(sql, settlement))',
    suite: "test/unit/sqlite-engine.test.ts",
    noticedBy: "undoes nothing that was promised",
  },
  {
    name: "messages-of-a-failed-group-deleted",
    file: "functions/commit.ts",
    from: "      return group;",
    to: "      return [];",
    suite: faultsSuite,
    noticedBy: "a lease held by another delays only its own patient",
  },
  {
    name: "messages-deleted-before-the-settle",
    file: "infra/local/worker.ts",
    from: "      const { batchItemFailures } = await commit(queueEvent(messages));",
    to: "      await deps.engine.queue.delete(messages.map(({ receipt }) => receipt));\n      const { batchItemFailures } = await commit(queueEvent(messages));",
    suite: "test/unit/local/worker.test.ts",
    noticedBy: "until the operation is settled",
  },
  {
    name: "messages-taken-newest-first",
    file: "infra/local/sqlite/fifo-receive.ts",
    from: "ORDER BY number LIMIT ?",
    to: "ORDER BY number DESC LIMIT ?",
    suite: "test/contract/queue.test.ts",
    noticedBy: "gives a group's messages in the order they were sent",
  },
  {
    name: "deduplication-without-the-attempt",
    file: "infra/local/sqlite/fifo-send.ts",
    from: "`${message.operationId}#${message.attempt}`",
    to: "message.operationId",
    suite: "test/contract/queue.test.ts",
    noticedBy: "of another attempt is another message",
  },
  {
    name: "message-of-a-redrive-taken-for-the-first",
    file: "infra/local/sqlite/fifo-send.ts",
    from: "attempt === firstAttempt && sql.get",
    to: "attempt > 0 && sql.get",
    suite: "test/unit/sqlite-queue.test.ts",
    noticedBy: "a message sent with its row is not sent again",
  },
  {
    name: "redrive-keeps-the-attempt",
    file: "infra/local/sqlite/operations.ts",
    from: "attempt = attempt + 1,",
    to: "attempt = attempt,",
    suite: "test/contract/operations.test.ts",
    noticedBy: "redriving queues it again with the next attempt",
  },
  {
    name: "redrive-newest-first",
    file: "functions/redrive.ts",
    from: "return found.toReversed();",
    to: "return found;",
    suite: "test/unit/redrive.test.ts",
    noticedBy: "commits it in the order of submission",
  },
  {
    name: "key-not-bound-to-the-request",
    file: "functions/http/accept-write.ts",
    from: "if (operation.requestHash !== request.input.requestHash)",
    to: "if (operation.command !== request.input.commandType)",
    suite: "test/unit/http-writes.test.ts",
    noticedBy: "a repeat with the same key",
  },
  {
    name: "key-without-its-issuer",
    file: "functions/http/idempotency.ts",
    from: '({ issuer, subject }: Caller, key: string): OperationId => {\n  const digest = hash("sha256", JSON.stringify([issuer, subject, key])',
    to: '({ subject }: Caller, key: string): OperationId => {\n  const digest = hash("sha256", JSON.stringify([subject, key])',
    suite: "test/unit/http-writes.test.ts",
    noticedBy: "a repeat with the same key",
  },
  {
    name: "identifier-of-two-patients",
    file: settle,
    from: "WHERE identifiers.patient_id = excluded.patient_id",
    to: "WHERE identifiers.patient_id = excluded.patient_id OR 1 = 1",
    ...byHeads("only an identifier belongs"),
  },
]);

const nothingPartial = breaking("G3", [
  {
    name: "change-set-half-applied",
    file: "shared/record/change-files.ts",
    from: "changes: command.changes.map((change) =>",
    to: "changes: command.changes.slice(0, 1).map((change) =>",
    suite: "test/unit/record-change-set.test.ts",
    noticedBy: "any sequence of change sets leaves the files",
  },
  {
    name: "refused-settle-not-rolled-back",
    file: "infra/local/sqlite/group-transaction.ts",
    from: '    sql.run("ROLLBACK TO call");\n',
    to: "",
    ...byHeads("writes nothing"),
  },
  {
    name: "settle-does-not-wait-for-its-segment",
    file: "functions/commit-round.ts",
    from: "    await engine.segments.put(patientId, id, bytes);\n    await reach",
    to: "    queueMicrotask(() => void engine.segments.put(patientId, id, bytes).catch(() => undefined));\n    await reach",
    ...simulation,
  },
  {
    name: "tag-of-another-commit-in-a-412",
    file: "functions/decide-batch.ts",
    from: 'commits[Number(number) - 1] ?? ""',
    to: 'commits[Number(number)] ?? ""',
    suite: outcomesSuite,
    noticedBy: "a change set refused inside a batch names the real commit before it",
  },
  {
    name: "damaged-tail-taken-over-by-a-writer",
    file: "shared/git/state.ts",
    from: "  checkPack(bytes.subarray(0, pack), count);\n",
    to: "",
    suite: "test/unit/git-record.test.ts",
    noticedBy: "a damaged byte in the tail's pack is named",
  },
]);

const noManualRepair = breaking("G4", [
  {
    name: "settle-keeps-the-lease",
    file: settle,
    from: "  sql.run(endLease, patientId);\n",
    to: '  if (patientId === "") sql.run(endLease, patientId);\n',
    ...byHeads("and ends the lease"),
  },
  {
    name: "fault-keeps-the-lease",
    file: "functions/commit-operations.ts",
    from: 'if (!isFault(cause, "lease-busy")) await giveBack(deps, patientId, owner);',
    to: 'if (isFault(cause, "lease-busy")) await giveBack(deps, patientId, owner);',
    suite: faultsSuite,
    noticedBy: "a fault gives the lease back",
  },
  {
    name: "tries-not-counted",
    file: "functions/commit-alone.ts",
    from: "row.tries + 1",
    to: "row.tries",
    suite: faultsSuite,
    noticedBy: "an operation that ends our code every time is parked alone",
  },
  {
    name: "trouble-of-the-store-counted-as-a-try",
    file: "functions/commit-alone.ts",
    from: "if (isKnownTransient(cause)) await operations",
    to: "if (!isKnownTransient(cause)) await operations",
    suite: faultsSuite,
    noticedBy: "the store's own trouble does not count as a try",
  },
  {
    name: "dead-letter-of-a-settled-operation-comes-forever",
    file: "functions/dead-letters.ts",
    from: 'if (!isFault(cause, "operations-moved")) throw cause;',
    to: "throw cause;",
    suite: faultsSuite,
    noticedBy: "a dead letter parks its operation only while it is queued",
  },
  {
    name: "sweep-blind-to-what-was-passed-by",
    file: "functions/sweep.ts",
    from: "(await engine.operations.laterSettled(operation.patientId, operation.submittedAt))",
    to: "(await engine.operations.laterSettled(operation.id, operation.submittedAt))",
    suite: sweepSuite,
    noticedBy: "once its patient's queue has passed it by",
  },
  {
    name: "effect-done-before-it-is-sent",
    file: "functions/drain.ts",
    from: `    for (const effect of effects) await send(deps, effect);
    if (effects.length > 0) {
      await deps.reach("after-effect-sent");
      await deps.engine.effects.done(effects.map(({ id }) => id));
    }
`,
    to: `    if (effects.length > 0) {
      await deps.engine.effects.done(effects.map(({ id }) => id));
      await deps.reach("after-effect-sent");
    }
    for (const effect of effects) await send(deps, effect);
`,
    suite: "test/crash/crash.test.ts",
    noticedBy: "killed at after-effect-sent, time 1",
  },
  {
    name: "effect-before-the-settle",
    file: "functions/commit-round.ts",
    from: "    await engine.segments.put(patientId, id, bytes);\n    await reach",
    to: "    await engine.segments.put(patientId, id, bytes);\n    await engine.segments.delete(patientId, decided.batch.packs.remove);\n    await reach",
    suite: faultsSuite,
    noticedBy: "every segment that the head names is stored",
  },
  {
    name: "collector-blind-to-the-epoch",
    file: "shared/git/garbage.ts",
    from: 'number < epoch ? "dead" : number === epoch ? "unsure" : "kept"',
    to: 'number <= epoch ? "dead" : "kept"',
    suite: "test/unit/garbage.test.ts",
    noticedBy: "nothing that a settle or a compaction could still publish is ever dead",
  },
  {
    name: "garbage-deleted-at-first-sight",
    file: "functions/collect-patient.ts",
    from: "dead.filter((id) => before.has(id))",
    to: "dead.filter((id) => before.has(id) || before.size === 0)",
    suite: "test/unit/garbage.test.ts",
    noticedBy: "is seen by one round and deleted by the next",
  },
  {
    name: "claims-of-dead-processes-kept",
    file: "infra/local/sqlite/processes.ts",
    from: "sql.all<LeaseRow>(dropLeases, id);",
    to: "sql.all<LeaseRow>(dropLeases, `${id} `);",
    suite: "test/unit/sqlite-engine.test.ts",
    noticedBy: "claims of a process that is gone",
  },
  {
    name: "backup-restored-with-its-leases",
    file: "infra/local/restore.ts",
    from: "      await endClaims(draft);\n",
    to: "",
    suite: "test/unit/backup.test.ts",
    noticedBy: "holds no lease and no claim once it is restored",
  },
]);

export const writePathMutants: readonly Mutant[] = [
  ...oneWriter,
  ...nothingLostOrTwice,
  ...nothingPartial,
  ...noManualRepair,
];
