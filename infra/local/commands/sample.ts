import { resolve } from "node:path";
import { findIssuer } from "../issuer.ts";
import { orUsage } from "../or-usage.ts";
import { readFlags, UsageError } from "../read-flags.ts";
import { clinicClient, SampleStopped } from "../sample/clinic-client.ts";
import { fillClinic } from "../sample/fill.ts";
import { staff } from "../sample/people.ts";
import { progressBar } from "../sample/progress-bar.ts";

const usage = `Fills a running service with the synthetic records of a clinic. Run again, it changes nothing.

  npm run -s sample -- [flags]

  --patients N       how many, 1 to 100000        20
  --url URL          where the service is         http://127.0.0.1:8080
  --token TOKEN      one author for everything    the clinic's staff, with tokens of the local issuer
  --concurrency N    patients side by side, 1-64  8

Exit code: 0, 1 when it cannot go on, 2 when the flags are wrong, 130 after Ctrl-C.
`;

const options = {
  patients: { type: "string", default: "20" },
  url: { type: "string", default: `http://127.0.0.1:${process.env["PORT"] || "8080"}` },
  token: { type: "string" },
  concurrency: { type: "string", default: "8" },
  help: { type: "boolean", default: false },
} as const;

const minutes = 8 * 60;
const patienceMs = 60_000;

const wholeNumber = (flag: string, text: string, most: number): number => {
  if (/^[1-9]\d{0,5}$/.test(text) && Number(text) <= most) return Number(text);
  throw new UsageError(`--${flag} must be a number from 1 to ${most}.`);
};

const baseUrl = (text: string): string => {
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol)) return url.href.replace(/\/+$/, "");
  throw new UsageError(`--url must be an http or https URL.`);
};

const staffTokens = async (given: string | undefined): Promise<readonly string[]> => {
  if (given !== undefined) return staff.map(() => given.trim());
  const folder = resolve(process.env["CASENOTES_DATA"] || ".casenotes");
  const issuer = await findIssuer(folder);
  if (issuer === undefined) {
    throw new SampleStopped(`There is no issuer in ${folder}. Start the service, set CASENOTES_DATA or give --token.`);
  }
  const scope = "record:read record:write";
  return Promise.all(staff.map((member) => issuer.mintToken({ ...member, scope, minutes })));
};

const checkThatItRuns = async (url: string, signal: AbortSignal): Promise<void> => {
  try {
    await fetch(`${url}/healthz`, { signal });
  } catch (cause) {
    if (signal.aborted) throw cause;
    throw new SampleStopped(`No service answers at ${url}. Start it with: npm start`, { cause });
  }
};

const fill = async (signal: AbortSignal): Promise<string> => {
  const flags = readFlags(process.argv.slice(2), options);
  if (flags.help) return usage;
  const patients = wholeNumber("patients", flags.patients, 100_000);
  const concurrency = wholeNumber("concurrency", flags.concurrency, 64);
  const url = baseUrl(flags.url);
  const tokens = await staffTokens(flags.token);
  await checkThatItRuns(url, signal);
  const bar = progressBar(process.stderr, patients);
  const startedAt = performance.now();
  try {
    const onProgress = (told: number, changes: number) => bar.show(told, `patients, ${changes} changes`);
    const client = clinicClient({ url, tokens, signal, patienceMs });
    const { committed, replayed, leftAlone } = await fillClinic(client, { patients, concurrency, onProgress });
    const seconds = ((performance.now() - startedAt) / 1_000).toFixed(1);
    const others = leftAlone === 0 ? "" : `, ${leftAlone} patients left alone (changed by others)`;
    return `${patients} patients: ${committed} changes made, ${replayed} known already${others}; ${seconds} s\n`;
  } finally {
    bar.end();
  }
};

const main = async (): Promise<void> => {
  const interrupted = new AbortController();
  process.once("SIGINT", () => interrupted.abort());
  try {
    process.stdout.write(await fill(interrupted.signal));
  } catch (cause) {
    if (interrupted.signal.aborted) {
      process.stderr.write("Interrupted. Run it again to go on.\n");
      process.exitCode = 130;
    } else if (cause instanceof SampleStopped) {
      process.stderr.write(`${cause.message}\n`);
      process.exitCode = 1;
    } else throw cause;
  }
};

await orUsage(usage, main);
