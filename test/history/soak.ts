import { availableParallelism } from "node:os";
import { orUsage } from "../../infra/local/or-usage.ts";
import { readFlags, UsageError } from "../../infra/local/read-flags.ts";
import { startAwsService } from "../support/aws-service.ts";
import { startLocalStack } from "../support/localstack/localstack.ts";
import { runDoctorIn } from "../support/run-doctor.ts";
import { startService, type Service } from "../support/service.ts";
import { verdictText } from "./check.ts";
import { perSecond, soak, type SoakResult } from "./soak-run.ts";

const usage = `Loads the service while its workers are killed, then holds every answer against the histories that git clones.

  npm run soak [-- flags]

  --seconds N    of load with kills, and as much without (60)
  --workers N    processes that commit (4)
  --patients N   (500)
  --clients N    each with one request under way (20)
  --http         the process that answers is killed, too
  --aws          on LocalStack, which it starts

Exit code 1: an answer contradicts a history, a request failed (5xx), the doctor found something, or with kills there was
less than 80 % of the undisturbed throughput, or, where others had more than a tenth of the machine, the kills take more
than 20 % of its CPU. On AWS, where leases run out by themselves, that is only told. 2: the flags are wrong.
`;

const flags = {
  seconds: { type: "string", default: "60" },
  workers: { type: "string", default: "4" },
  patients: { type: "string", default: "500" },
  clients: { type: "string", default: "20" },
  http: { type: "boolean", default: false },
  aws: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

const whole = (name: string, text: string): number => {
  const value = Number(text);
  if (Number.isInteger(value) && value > 0) return value;
  throw new UsageError(`--${name} must be a whole number from 1 on.`);
};

const killEveryMs = 1_000;
const longestStretchS = 10;
const leastRatio = 0.8;
/** From this share of the CPU on that others had, throughput says more of them than of the kills. */
const mostOthers = 0.1;

const progress = (text: string): void => void process.stderr.write(`  ${text}\n`);

const cores = availableParallelism();

const percent = (share: number): string => `${(share * 100).toFixed(0)} %`;

/** CPU time that the machine has in so many seconds, ms. */
const allMs = (seconds: number): number => seconds * 1_000 * cores;

/**
 * `ratio`: throughput with kills, of the undisturbed. `left`: what the CPU time of the kills leaves of a machine that does
 * nothing else; `others`: the share of this one that others had, who make a kill's fixed cost a larger part of the rest.
 */
const figuresOf = ({ undisturbed, disturbed, kills }: SoakResult) => {
  const each = undisturbed.cpuMs / undisturbed.committed;
  const perKill = (disturbed.cpuMs - each * disturbed.committed) / kills;
  return {
    each,
    perKill,
    ratio: perSecond(disturbed) / perSecond(undisturbed),
    left: 1 - (perKill * kills) / allMs(disturbed.seconds),
    others: (undisturbed.othersMs + disturbed.othersMs) / allMs(undisturbed.seconds + disturbed.seconds),
  };
};

const report = (result: SoakResult): void => {
  const { undisturbed, disturbed, kills, statuses, verdict, checkSeconds } = result;
  const { each, perKill, ratio, left, others } = figuresOf(result);
  const lines = [
    `committed: ${undisturbed.committed} in ${undisturbed.seconds.toFixed(1)} s undisturbed (${perSecond(undisturbed).toFixed(0)}/s)`,
    `           ${disturbed.committed} in ${disturbed.seconds.toFixed(1)} s with ${kills} kills (${perSecond(disturbed).toFixed(0)}/s): ${percent(ratio)}`,
    `CPU: ${each.toFixed(1)} ms an operation, ${perKill.toFixed(0)} ms a kill, which leaves ${percent(left)} of ${cores} cores; others had ${percent(others)}`,
    `answers: ${JSON.stringify(statuses)}`,
    verdictText(verdict),
    `checked in ${checkSeconds.toFixed(1)} s`,
  ];
  process.stdout.write(`${lines.join("\n")}\n`);
};

const isFastEnough = (result: SoakResult): boolean => {
  const { ratio, left, others } = figuresOf(result);
  return (others > mostOthers ? left : ratio) >= leastRatio;
};

const isRight = ({ verdict, statuses }: SoakResult): boolean =>
  verdict.findings.length === 0 && Object.keys(statuses).every((status) => Number(status) < 500);

interface Subject extends AsyncDisposable {
  readonly service: Service;
  /** What the doctor is told of its store. */
  readonly environment: Readonly<Record<string, string>>;
}

const open = async (onAws: boolean, workers: number): Promise<Subject> => {
  if (onAws) return openOnLocalStack(workers);
  const service = await startService({ args: ["--workers", String(workers)] });
  return { service, environment: {}, [Symbol.asyncDispose]: () => service[Symbol.asyncDispose]() };
};

const openOnLocalStack = async (workers: number): Promise<Subject> => {
  const { endpoint, stop } = await startLocalStack();
  process.env["LOCALSTACK_ENDPOINT"] = endpoint;
  const { service, environment, ...aws } = await startAwsService(workers);
  const dispose = async () => {
    await aws[Symbol.asyncDispose]();
    await stop();
  };
  return { service, environment, [Symbol.asyncDispose]: dispose };
};

const main = async (): Promise<void> => {
  const given = readFlags(process.argv.slice(2), flags);
  if (given.help) return void process.stdout.write(usage);
  const [seconds, workers, patients, clients] = (["seconds", "workers", "patients", "clients"] as const).map((name) =>
    whole(name, given[name]),
  ) as [number, number, number, number];
  const members = Array.from({ length: workers }, (_, at) => `worker-${at + 1}`);
  const pairs = Math.ceil(seconds / longestStretchS);
  await using subject = await open(given.aws, workers);
  const { service, environment } = subject;
  const result = await soak(service, {
    patients,
    clients,
    members: given.http ? [...members, "http"] : members,
    killEveryMs,
    pairs,
    stretchMs: (seconds * 1_000) / pairs,
    progress,
  });
  report(result);
  await service.stop();
  progress("the doctor looks at everything …");
  const doctor = await runDoctorIn(environment, "--data", service.data);
  process.stdout.write(`${doctor.stdout}${doctor.stderr}`);
  const isSlow = !given.aws && !isFastEnough(result);
  if (!isRight(result) || isSlow || doctor.code !== 0) process.exitCode = 1;
};

await orUsage(usage, main);
