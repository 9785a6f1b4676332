import { BatchWriteCommand } from "@aws-sdk/lib-dynamodb";
import { hash, randomUUID } from "node:crypto";
import { itemOf } from "../../functions/adapters/operation-item.ts";
import { collectPatient } from "../../functions/collect-patient.ts";
import { compactPatient } from "../../functions/compact.ts";
import { followSettled, sendEffects } from "../../functions/drain.ts";
import { dueForCompaction } from "../../shared/git/compaction.ts";
import { read } from "../../functions/read.ts";
import { submit } from "../../functions/submit.ts";
import { sweep } from "../../functions/sweep.ts";
import type { AwsClients } from "../../functions/aws-clients.ts";
import { anHttpEvent } from "./an-http-event.ts";
import { aCaller, anOperation, anOutcome } from "./an-operation.ts";
import type { AwsUnderTest } from "./aws-engine.ts";
import { openSqlite } from "./engines.ts";
import { prose } from "./prose.ts";
import { createCommand, openWritePath, putCommand } from "./write-path.ts";

/** Limits of the AWS engine: the embedded one makes the same segments with them. */
const limits = { tailBytes: 49_152, sealedPacks: 16 };

const notes = 50;

const pathOf = (n: number): string => `notes/${String(n % notes).padStart(2, "0")}.md`;

const blobIdOf = (content: string): string => hash("sha1", `blob ${content.length}\0${content}`);

/** The text of a note as commit `n` leaves it: its 50 notes change in turn. */
const etagAt = (n: number): string | null => (n < 1 ? null : blobIdOf(prose(n)));

/** A record of `commits` commits, compacted as a deployment would, made on the embedded engine: there it is quick. */
export const aLongRecord = (commits: number) => aRecord({ commits, compacts: true });

/** A record with just as many sealed segments as make a compaction due. */
export const aRecordToCompact = () => aRecord({ commits: 10_000, compacts: false });

const aRecord = async ({ commits, compacts }: { readonly commits: number; readonly compacts: boolean }) => {
  const under = await openSqlite({ ...limits, maxReceiveCount: 1_000 });
  const path = await openWritePath(under);
  const patientId = randomUUID();
  const headOf = async () => {
    const head = await under.engine.heads.read(patientId);
    if (!head) throw new Error("the record has no head");
    return head;
  };
  await path.submit(patientId, createCommand());
  await path.deliverAll();
  for (let n = 1; n < commits; n += 1) {
    await path.submit(patientId, putCommand(pathOf(n), prose(n), etagAt(n - notes)));
    if (n % 32 !== 0 && n !== commits - 1) continue;
    await path.deliverAll();
    if (compacts) await compactPatient(path.deps, patientId);
    else if (dueForCompaction((await headOf()).packs, limits.sealedPacks).length > 0) break;
  }
  const made = (await headOf()).commits;
  if (compacts && made !== commits) throw new Error(`the record has ${made} commits, not ${commits}`);
  return { engine: under.engine, patientId, commits: made, close: () => under[Symbol.asyncDispose]() };
};

/** Rows of a patient's past: what is read to count the open ones depends on them. */
export const putPast = async (
  { dynamo }: AwsClients,
  { names }: AwsUnderTest,
  past: { readonly patientId: string; readonly rows: number },
): Promise<void> => {
  const { patientId, rows } = past;
  const TableName = names.tables.operations;
  for (let start = 0; start < rows; start += 25) {
    const items = Array.from({ length: Math.min(25, rows - start) }, (_, n) => {
      const queued = anOperation({
        patientId,
        submittedAt: new Date(Date.UTC(2026, 0, 1) + (start + n) * 1_000).toISOString(),
      });
      return itemOf({ ...queued, ...anOutcome(queued), state: "committed" });
    });
    const RequestItems = { [TableName]: items.map((Item) => ({ PutRequest: { Item } })) };
    await dynamo.send(new BatchWriteCommand({ RequestItems }));
  }
};

const scopes = new Set(["record:read", "record:write"]);

const authorization = "Bearer token";

const putHeaders = (ifMatch: string | null): Record<string, string> => ({
  authorization,
  "content-type": "text/markdown",
  "idempotency-key": randomUUID(),
  ...(ifMatch === null ? { "if-none-match": "*" } : { "if-match": `"${ifMatch}"` }),
});

/** The functions of the service on one engine, each with a memory of its own, as in Lambda. */
export const openFunctions = async (under: AwsUnderTest, patientId: string) => {
  const [door, worker, reader] = await Promise.all([openWritePath(under), openWritePath(under), openWritePath(under)]);
  const tokens = { verify: () => Promise.resolve({ ...aCaller, scopes, patients: null }) };
  const accept = submit({ ...door.deps, tokens });
  const answer = read({ ...reader.deps, tokens });
  const invocation = { awsRequestId: "test", getRemainingTimeInMillis: () => 29_000 };
  const urlOf = (n: number): string => `/v1/patients/${patientId}/files/${pathOf(n)}`;
  return {
    /** The update that makes commit `n`, as a client sends it: `PUT` of a note with `If-Match`. Gives the operation's id. */
    update: async (n: number): Promise<string> => {
      const request = anHttpEvent("PUT", urlOf(n), { headers: putHeaders(etagAt(n - notes)), body: prose(n) });
      const { statusCode, body } = await accept(request, invocation);
      if (statusCode !== 202) throw new Error(`update ${n} was answered ${statusCode}: ${body}`);
      return (JSON.parse(body) as { id: string }).id;
    },
    commit: async (): Promise<void> => {
      const failed = await worker.run(await worker.engine.queue.receive(10));
      if (failed.length > 0) throw new Error("a batch failed");
    },
    /** What the stream of operations wakes. */
    follow: (ids: readonly string[]) => followSettled(reader.deps, ids),
    /** What the stream of effects wakes. */
    sendEffects: () => sendEffects(reader.deps),
    compact: () => compactPatient(reader.deps, patientId),
    collect: () => collectPatient(reader.deps, patientId),
    read: async (n: number): Promise<void> => {
      const { statusCode } = await answer(anHttpEvent("GET", urlOf(n), { headers: { authorization } }), invocation);
      if (statusCode !== 200) throw new Error(`a read was answered ${statusCode}`);
    },
    /** A minute in which nothing happens, as infra/aws/entries/sweep.ts runs it. */
    idleMinute: async (): Promise<void> => {
      await reader.engine.operations.listQueued(new Date().toISOString(), { limit: 1 });
      await sweep(reader.deps);
    },
  };
};
