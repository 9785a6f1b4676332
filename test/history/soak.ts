import type { Report } from "../../functions/doctor/examine-all.ts";
import type { Finding } from "../../functions/doctor/finding.ts";
import { orUsage } from "../../infra/local/or-usage.ts";
import { readFlags, UsageError } from "../../infra/local/read-flags.ts";
import { startAwsService } from "../support/aws-service.ts";
import { inRunFolder, untilAborted } from "../support/in-run-folder.ts";
import { startLocalStack } from "../support/localstack/localstack.ts";
import { runDoctorIn } from "../support/run-doctor.ts";
import { startService, type Service } from "../support/service.ts";
import { doctorText, loadText, verdictLine } from "./soak-report.ts";
import { soak, type SoakPlan } from "./soak-run.ts";

const usage = `Loads the service while its workers are killed, then holds every answer against the histories that git clones. The last line is
the verdict.

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

const progress = (text: string): void => void process.stderr.write(`  ${text}\n`);

const say = (text: string): void => void process.stdout.write(`${text}\n`);

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

/** The doctor's findings; undefined, with what it said, when it came to none. */
const examined = async ({ service, environment }: Subject): Promise<readonly Finding[] | undefined> => {
  progress("the doctor looks at everything …");
  const { stdout, stderr } = await runDoctorIn(environment, "--json", "--data", service.data);
  if (stdout !== "") return (JSON.parse(stdout) as Report).findings;
  say(stderr);
  return undefined;
};

const run = async (plan: Omit<SoakPlan, "progress">, onAws: boolean, signal: AbortSignal): Promise<void> => {
  const workers = plan.members.filter((member) => member !== "http").length;
  await using subject = await open(onAws, workers);
  const soaked = async (): Promise<void> => {
    const result = await soak(subject.service, { ...plan, progress });
    say(loadText(result));
    await subject.service.stop();
    const findings = await examined(subject);
    if (findings) say(doctorText(findings));
    const { passed, text } = verdictLine({ result, onAws, findings });
    say(text);
    if (!passed) process.exitCode = 1;
  };
  await Promise.race([untilAborted(signal), soaked()]);
};

const main = async (): Promise<void> => {
  const given = readFlags(process.argv.slice(2), flags);
  if (given.help) return void process.stdout.write(usage);
  const [seconds, workers, patients, clients] = (["seconds", "workers", "patients", "clients"] as const).map((name) =>
    whole(name, given[name]),
  ) as [number, number, number, number];
  const members = Array.from({ length: workers }, (_, at) => `worker-${at + 1}`);
  const pairs = Math.ceil(seconds / longestStretchS);
  const plan = {
    patients,
    clients,
    members: given.http ? [...members, "http"] : members,
    killEveryMs,
    pairs,
    stretchMs: (seconds * 1_000) / pairs,
  };
  await inRunFolder((signal) => run(plan, given.aws, signal));
};

await orUsage(usage, main);
