import { randomUUID } from "node:crypto";
import type { Service } from "../support/service.ts";
import { cpus } from "node:os";
import type { Driver } from "./load/driver.ts";
import type { JobResult, LoadJob, TargetFile } from "./load/jobs.ts";
import { cpuMs, machineCpuMs } from "./machine.ts";

type Kind = LoadJob["kind"];
type Common = "port" | "tokens" | "ledger";

/** A job without what every job of one service has. */
type Job = { [K in Kind]: Omit<Extract<LoadJob, { kind: K }>, Common> }[Kind];

export const members = ["http", "worker-1", "supervisor"] as const;

export interface StageResult extends JobResult {
  /** CPU time of each of `members` over the job, ms. */
  readonly cpu: readonly number[];
  /** Share of the machine's CPU that processes had which are no part of this, 0 to 1. */
  readonly others: number;
}

/** One service under load, and what it has answered as committed: what its histories are held against. */
export interface Stage {
  readonly service: Service;
  readonly driver: Driver;
  /** Operations answered as committed, by patient. */
  readonly ledger: Map<string, string[]>;
  /** Committed operations in all. */
  stored(): number;
  /** Runs a job; throws when a reply was not one that the job expects. */
  run(job: Job): Promise<StageResult>;
  /** A record of so many commits, made when it is first asked for; its files. */
  grown(commits: number): Promise<readonly TargetFile[]>;
  /** Makes records of ten files of 1 KB, and names their files. */
  seed(records: number): Promise<readonly (readonly TargetFile[])[]>;
}

export const mostClients = 32;

const benchFiles = Array.from({ length: 10 }, (_, at) => `notes/note-${at}.md`);

/** With `written`, a file, each request and its answer is added to it. */
export const stageOn = async (service: Service, driver: Driver, written?: string): Promise<Stage> => {
  const subjects = Array.from({ length: mostClients }, (_, at) => `client-${at}`);
  const tokens = await Promise.all(
    subjects.map((subject) => service.token({ subject, name: subject, minutes: 12 * 60 })),
  );
  const ledger = new Map<string, string[]>();
  let stored = 0;
  const run = async (job: Job): Promise<StageResult> => {
    const meter = startMeter(service);
    const common = { port: Number(new URL(service.url).port), tokens, ...(written && { ledger: written }) };
    const result = await driver.run({ ...job, ...common });
    const used = meter(result);
    if (result.oddities.length > 0) throw new Error(`unexpected replies:\n${result.oddities.join("\n")}`);
    for (const [patientId, operations] of Object.entries(result.committed)) {
      const known = ledger.get(patientId) ?? [];
      known.push(...operations);
      ledger.set(patientId, known);
      stored += operations.length;
    }
    return { ...result, ...used };
  };
  const seed = async (records: number): Promise<readonly (readonly TargetFile[])[]> => {
    const patientIds = Array.from({ length: records }, () => randomUUID());
    const clients = Math.min(records, mostClients);
    await run({ kind: "seed", clients, forMs: 60_000, requests: records, patientIds, files: benchFiles });
    return Promise.all(patientIds.map((patientId) => filesOf(service, patientId)));
  };
  const grown = new Map<number, Promise<readonly TargetFile[]>>();
  const stage: Stage = {
    service,
    driver,
    ledger,
    stored: () => stored,
    run,
    seed,
    grown: (commits) => {
      const known = grown.get(commits) ?? grow(stage, commits);
      grown.set(commits, known);
      return known;
    },
  };
  return stage;
};

/** Measures what a job costs, and what the rest of the machine did meanwhile. */
const startMeter = (service: Service) => {
  const cpuNow = () => members.map((member) => cpuMs(service.pid(member)));
  const began = performance.now();
  const [before, machineBefore, own] = [cpuNow(), machineCpuMs(), process.cpuUsage()];
  return ({ load }: JobResult): Pick<StageResult, "cpu" | "others"> => {
    const cpu = cpuNow().map((ms, at) => ms - before[at]!);
    const { user, system } = process.cpuUsage(own);
    const ours = cpu.reduce((sum, ms) => sum + ms, (load.driverCpuUs * load.rounds + user + system) / 1_000);
    const all = (performance.now() - began) * cpus().length;
    return { cpu, others: Math.max(0, (machineCpuMs() - machineBefore - ours) / all) };
  };
};

/** p50 and p99 of a job, and a warning when the machine was not its own. */
export const latencyNote = ({ load: { p50, p99 }, others }: StageResult): string =>
  `p50 ${p50.toFixed(2)} ms, p99 ${p99.toFixed(1)} ms${othersNote(others)}`;

const noticed = 0.05;

export const othersNote = (others: number): string =>
  others < noticed ? "" : `; OTHERS had ${(others * 100).toFixed(0)} % of the CPU`;

/** Creating a record, and its first files. */
const commitsOfSeed = 2;

const filesOf = async (service: Service, patientId: string): Promise<readonly TargetFile[]> => {
  const { json } = await service.request("GET", `/v1/patients/${patientId}`);
  const files = json.files as readonly { path: string; etag: string }[];
  return files
    .filter(({ path }) => path.startsWith("notes/"))
    .map(({ path, etag }) => ({ patientId, path, etag: etag.replaceAll('"', "") }));
};

/** Deals out the first file of each record to clients, each record to one client. */
export const dealt = (
  records: readonly (readonly TargetFile[])[],
  clients: number,
): readonly (readonly TargetFile[])[] => {
  const hands: TargetFile[][] = Array.from({ length: clients }, () => []);
  for (const [at, [file]] of records.entries()) hands[at % clients]!.push(file!);
  return hands;
};

const mostGrowMs = 300_000;

/** Brings one new record to `commits` commits: clients replace ten files of it again and again. Returns the files. */
const grow = async (stage: Stage, commits: number): Promise<readonly TargetFile[]> => {
  const [files] = await stage.seed(1);
  const own = files!.map((file) => [file]);
  const requests = commits - commitsOfSeed;
  await stage.run({ kind: "update", clients: own.length, forMs: mostGrowMs, requests, files: own });
  const { patientId } = files![0]!;
  const { json } = await stage.service.request("GET", `/v1/patients/${patientId}`);
  if (json.commits !== commits) throw new Error(`a record has ${json.commits} commits instead of ${commits}`);
  return filesOf(stage.service, patientId);
};

/** Files with the tags that they have now: the driver keeps its own copies of what it is given. */
export const refreshed = (
  { service }: Stage,
  hands: readonly (readonly TargetFile[])[],
): Promise<readonly (readonly TargetFile[])[]> =>
  Promise.all(hands.map((own) => Promise.all(own.map((file) => withTag(service, file)))));

const withTag = async (service: Service, file: TargetFile): Promise<TargetFile> => {
  const { headers } = await service.request("GET", `/v1/patients/${file.patientId}/files/${file.path}`);
  return { ...file, etag: (headers.get("etag") ?? "").replaceAll('"', "") };
};

/** Every commit of a record, newest first, by paging through its history. */
export const historyOf = async (service: Service, patientId: string) => {
  const items: { readonly operationId: string }[] = [];
  let path: string | undefined = `/v1/patients/${patientId}/commits?limit=100`;
  while (path !== undefined) {
    const reply = await service.request("GET", path);
    if (reply.status !== 200) throw new Error(`history of ${patientId}: ${reply.status} ${reply.text}`);
    items.push(...reply.json.items);
    path = /<([^>]+)>; rel="next"/.exec(reply.headers.get("link") ?? "")?.[1]?.replace(service.url, "");
  }
  return items;
};

/**
 * Holds histories against what was answered: each operation is one commit, and no commit is anything else. Returns how
 * many were compared; throws naming the record that differs.
 */
export const verifyHistories = async ({ service, ledger }: Stage, patientIds: Iterable<string>): Promise<number> => {
  let compared = 0;
  for (const patientId of patientIds) {
    const answered = (ledger.get(patientId) ?? []).toSorted();
    const committed = (await historyOf(service, patientId)).map(({ operationId }) => operationId).toSorted();
    if (answered.join() !== committed.join()) {
      const lost = answered.filter((id) => !committed.includes(id)).length;
      throw new Error(
        `record ${patientId}: ${answered.length} operations answered, ${committed.length} commits, ${lost} lost`,
      );
    }
    compared += committed.length;
  }
  return compared;
};
