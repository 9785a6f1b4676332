import { generateKeyPairSync, randomUUID } from "node:crypto";
import { commitBatch } from "../../functions/commit.ts";
import { writePathDefaults } from "../../functions/config.ts";
import type { Dependencies } from "../../functions/dependencies.ts";
import type { FaultPoint } from "../../functions/fault-points.ts";
import { readRecords } from "../../functions/read-records.ts";
import { queueEvent } from "../../infra/local/queue-event.ts";
import { createSigner } from "../../shared/git/signature.ts";
import type { Operation } from "../../shared/operation.ts";
import type { Engine, ReceivedMessage } from "../../shared/ports.ts";
import type { Command, Demographics } from "../../shared/record/command.ts";
import { anOperation } from "./an-operation.ts";
import { type EngineUnderTest, openSqlite } from "./engines.ts";

export const someDemographics = (over: Partial<Demographics> = {}): Demographics => ({
  name: { family: "Doe", given: ["Sample"] },
  birthDate: "1990-04-02",
  sex: "female",
  identifiers: [],
  ...over,
});

export const createCommand = (over: Partial<Demographics> = {}): Command => ({
  type: "CreatePatient",
  demographics: someDemographics(over),
});

export const putCommand = (path: string, content: string, ifMatch: string | null = null): Command => ({
  type: "PutFiles",
  summary: "",
  target: "file",
  changes: [{ put: path, content, ifMatch }],
});

interface LogLine {
  readonly level: string;
  readonly event: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

/** The write path without HTTP: submit straight through the intake, deliver by hand. */
export interface WritePath extends EngineUnderTest {
  readonly deps: Dependencies;
  readonly lines: readonly LogLine[];
  /** Runs `work` whenever the write path reaches `point`, until told otherwise. */
  at(point: FaultPoint, work: () => void | Promise<void>): void;
  submit(patientId: string, command: Command | "nonsense", over?: Partial<Operation>): Promise<Operation>;
  receive(): Promise<readonly ReceivedMessage[]>;
  /** Runs the commit function on messages and deletes what it finished; returns the ids of those it did not. */
  run(messages: readonly ReceivedMessage[]): Promise<readonly string[]>;
  /** Receives and runs until nothing is visible. */
  deliverAll(): Promise<void>;
  row(id: string): Promise<Operation>;
  /** Operation ids of a patient's commits, oldest first. */
  history(patientId: string): Promise<readonly string[]>;
}

const aSigner = () => {
  const privateKeyPem = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  return createSigner({ privateKeyPem, committer: { name: "Casenotes", email: "casenotes@casenotes.invalid" } });
};

const operationIdOf = (message: string): string => /^Operation-Id: (.*)$/m.exec(message)?.[1] ?? "none";

/** What the functions are built from, without HTTP, tokens and hints; `over` has its own way. */
export const dependenciesOn = (engine: Engine, over: Partial<Dependencies> = {}): Dependencies => ({
  config: { ...writePathDefaults, version: "0.0.0", baseUrl: "http://127.0.0.1", issuers: [] },
  engine,
  records: readRecords({ engine, cacheBytes: 1_000_000 }),
  hints: { queued: () => undefined, settled: () => undefined, sleep: async () => undefined },
  tokens: { verify: () => Promise.reject(new Error("no tokens here")) },
  signer: aSigner(),
  log: () => undefined,
  now: Date.now,
  newId: randomUUID,
  random: Math.random,
  reach: () => undefined,
  ...over,
});

export const openWritePath = async (under?: EngineUnderTest): Promise<WritePath> => {
  const opened = under ?? (await openSqlite({ maxReceiveCount: 1_000 }));
  const lines: LogLine[] = [];
  const points = new Map<FaultPoint, () => unknown>();
  const { engine, now } = opened;
  const deps = dependenciesOn(engine, {
    log: (level, event, fields = {}) => void lines.push({ level, event, fields }),
    now,
    reach: async (point) => void (await points.get(point)?.()),
  });
  const commit = commitBatch(deps);
  const run: WritePath["run"] = async (messages) => {
    const { batchItemFailures } = await commit(queueEvent(messages));
    const failed = batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    const done = messages.filter(({ messageId }) => !failed.includes(messageId));
    await engine.queue.delete(done.map(({ receipt }) => receipt));
    return failed;
  };
  const receive = () => engine.queue.receive(64);
  return {
    ...opened,
    deps,
    lines,
    at: (point, work) => void points.set(point, work),
    submit: async (patientId, command, over = {}) => {
      const operation = anOperation({
        patientId,
        command: command === "nonsense" ? "PutFiles" : command.type,
        submittedAt: new Date(opened.now()).toISOString(),
        ...over,
      });
      const payload = Buffer.from(command === "nonsense" ? "{" : JSON.stringify(command));
      await engine.intake.submit({ operation, payload });
      return operation;
    },
    receive,
    run,
    deliverAll: async () => {
      for (let got = await receive(); got.length > 0; got = await receive()) await run(got);
    },
    row: async (id) => (await engine.operations.get([id]))[0]!,
    history: async (patientId) => {
      const log = await deps.records.log(patientId, { limit: 1_000 });
      return (log?.items ?? []).map(({ message }) => operationIdOf(message)).toReversed();
    },
  };
};
