import { accessSync, constants } from "node:fs";
import { fileURLToPath } from "node:url";
import { checkWritable } from "./data-folder.ts";
import { giveBackOf, type GiveBack } from "./give-back.ts";
import { openIdentity } from "./identity.ts";
import { jsonLog } from "./log.ts";
import { readSettings, SettingsError, type Settings } from "./settings.ts";
import { UnusableDatabase } from "./sqlite/unusable-database.ts";
import { supervise, type MemberPlan } from "./supervisor.ts";
import { welcome } from "./welcome.ts";

const complain = (lines: readonly string[]): never => {
  process.stderr.write(`${lines.map((line) => `casenotes: ${line}`).join("\n")}\n`);
  process.exit(1);
};

const settingsOrComplain = (): Settings => {
  try {
    const settings = readSettings(process.env, process.argv.slice(2));
    for (const file of [settings.tls?.keyFile, settings.tls?.certFile]) if (file) accessSync(file, constants.R_OK);
    return settings;
  } catch (cause) {
    if (cause instanceof SettingsError) return complain(cause.problems);
    if (cause instanceof Error && "path" in cause) return complain([`${String(cause.path)} cannot be read.`]);
    throw cause;
  }
};

const plansFor = ({ workers }: Settings): readonly MemberPlan[] => [
  { name: "http", role: "http", module: fileURLToPath(new URL("http-process.ts", import.meta.url)) },
  ...Array.from({ length: workers }, (_, index): MemberPlan => ({
    name: `worker-${index + 1}`,
    role: "worker",
    module: fileURLToPath(new URL("worker-process.ts", import.meta.url)),
  })),
];

const openOrComplain = async ({ data, aws }: Settings) => {
  try {
    const identity = await openIdentity(data);
    // Here and not by the members, each of whom would say it.
    if (aws === undefined) checkWritable(data);
    return identity;
  } catch (cause) {
    if (cause instanceof Error && "code" in cause) {
      const remedy = "set CASENOTES_DATA to a folder that can be made and written to";
      return complain([`${data} cannot be used (${String(cause.code)}): ${remedy}.`]);
    }
    throw cause;
  }
};

/** The embedded engine makes what it needs; what the AWS engine needs must be there. */
const checkStore = async ({ aws }: Settings): Promise<void> => {
  if (aws === undefined) return;
  const { missingInAws } = await import("./check-aws.ts");
  const missing = await missingInAws(aws);
  if (missing.length > 0) complain(missing);
};

/** Here and not by the members, who would be restarted for ever. What else fails may pass, and is met again by them. */
const openStoreOrComplain = async (giveBack: GiveBack): Promise<void> => {
  try {
    await giveBack.open();
  } catch (cause) {
    if (cause instanceof UnusableDatabase) complain([`${cause.message}.`]);
  }
};

/** Runs the service until it is told to stop: the supervisor's own process. */
export const runService = async (): Promise<void> => {
  const settings = settingsOrComplain();
  await checkStore(settings);
  const { issuer } = await openOrComplain(settings);
  const { log, flush } = jsonLog("supervisor");
  const exit = (code: number) => {
    flush();
    process.exit(code);
  };
  const giveBack = giveBackOf(settings, log);
  await openStoreOrComplain(giveBack);
  const supervisor = supervise({
    members: plansFor(settings),
    args: process.argv.slice(2),
    env: process.env,
    log,
    giveBack: giveBack.now,
    onReady: (url) => {
      void welcome({ url, issuer, data: settings.data, isTerminal: process.stdout.isTTY }).then((text) => {
        process.stdout.write(text);
        return log("info", "ready", { url });
      });
    },
    onGivingUp: () => void supervisor.stop().then(() => exit(1)),
  });
  let stopping = false;
  const stop = async () => {
    if (stopping) return;
    stopping = true;
    log("info", "stopping");
    await supervisor.stop();
    await giveBack.close();
    log("info", "stopped");
    exit(0);
  };
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"]) process.on(signal, () => void stop());
  // Only who starts it with a channel, as start-localstack.ts does, is missed: a terminal or systemd gives none.
  process.once("disconnect", () => void stop());
  if (process.connected === false) void stop();
};
