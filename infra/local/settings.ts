import { resolve } from "node:path";
import { parseArgs } from "node:util";
import { faultPoints, type FaultPoint } from "../../functions/fault-points.ts";
import { readAwsSettings, type AwsSettings } from "./aws-settings.ts";

/** What one machine is told by its environment and its command line. */
export interface Settings {
  readonly host: string;
  /** 0: any free one. */
  readonly port: number;
  /** Absolute path of the data folder. */
  readonly data: string;
  /** Undefined: the embedded engine. */
  readonly aws: AwsSettings | undefined;
  /** Worker processes; 0: accept and answer only. */
  readonly workers: number;
  readonly tls: { readonly keyFile: string; readonly certFile: string } | undefined;
  /** Base URL given by the operator, without a trailing slash; undefined: derived from host and port. */
  readonly publicUrl: string | undefined;
  /** The fault point that kills a process when it is reached for the `count`-th time. */
  readonly fault: { readonly point: FaultPoint; readonly count: number } | undefined;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Thrown with every problem of the configuration at once; names the settings, never their values. */
export class SettingsError extends Error {
  override readonly name = "SettingsError";
  readonly problems: readonly string[];
  constructor(problems: readonly string[]) {
    super(problems.join("\n"));
    this.problems = problems;
  }
}

/** Reads and validates the settings. Throws SettingsError. */
export const readSettings = (environment: Environment, args: readonly string[]): Settings => {
  const problems: string[] = [];
  const flags = readFlags(args, problems);
  const host = environment["HOST"] || "127.0.0.1";
  const tls = readTls(flags, problems);
  if (!isLoopback(host) && tls === undefined && flags["behind-proxy"] !== true)
    problems.push(
      "HOST is not a loopback address: give --tls-key and --tls-cert, or --behind-proxy when a proxy adds TLS.",
    );
  const engine = environment["CASENOTES_ENGINE"] || "embedded";
  if (engine !== "embedded" && engine !== "aws") problems.push("CASENOTES_ENGINE must be embedded or aws.");
  const settings: Settings = {
    host,
    port: readWhole(environment["PORT"] || "8080", 65_535, () =>
      problems.push("PORT must be a number from 0 to 65535."),
    ),
    data: resolve(environment["CASENOTES_DATA"] || ".casenotes"),
    aws: engine === "aws" ? readAwsSettings(environment, problems) : undefined,
    workers: readWhole(flags.workers ?? "1", 64, () => problems.push("--workers must be a number from 0 to 64.")),
    tls,
    publicUrl: readPublicUrl(environment["CASENOTES_BASE_URL"], problems),
    fault: readFault(environment["CASENOTES_FAULT_POINT"], problems),
  };
  if (problems.length > 0) throw new SettingsError(problems);
  return settings;
};

const flagOptions = {
  workers: { type: "string" },
  "tls-key": { type: "string" },
  "tls-cert": { type: "string" },
  "behind-proxy": { type: "boolean" },
} as const;

interface Flags {
  readonly workers?: string;
  readonly "tls-key"?: string;
  readonly "tls-cert"?: string;
  readonly "behind-proxy"?: boolean;
}

const readFlags = (args: readonly string[], problems: string[]): Flags => {
  try {
    return parseArgs({ args: [...args], options: flagOptions, strict: true }).values;
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    problems.push("The flags are --workers N, --tls-key FILE, --tls-cert FILE and --behind-proxy.");
    return {};
  }
};

const readTls = (flags: Flags, problems: string[]): Settings["tls"] => {
  const { "tls-key": keyFile, "tls-cert": certFile } = flags;
  if (keyFile === undefined && certFile === undefined) return undefined;
  if (keyFile !== undefined && certFile !== undefined) return { keyFile, certFile };
  problems.push("--tls-key and --tls-cert belong together.");
  return undefined;
};

const readWhole = (text: string, most: number, complain: () => void): number => {
  if (/^\d{1,5}$/.test(text) && Number(text) <= most) return Number(text);
  complain();
  return 0;
};

const readPublicUrl = (text: string | undefined, problems: string[]): string | undefined => {
  if (text === undefined || text === "") return undefined;
  const url = URL.parse(text);
  if (url !== null && /^https?:$/.test(url.protocol) && url.search === "" && url.hash === "")
    return url.href.replace(/\/+$/, "");
  problems.push("CASENOTES_BASE_URL must be an http or https URL without query.");
  return undefined;
};

const readFault = (text: string | undefined, problems: string[]): Settings["fault"] => {
  if (text === undefined || text === "") return undefined;
  const [name, count = "1"] = text.split(":");
  const point = faultPoints.find((known) => known === name);
  if (point !== undefined && /^[1-9]\d{0,6}$/.test(count)) return { point, count: Number(count) };
  problems.push(`CASENOTES_FAULT_POINT must be one of ${faultPoints.join(", ")}, with :count or without.`);
  return undefined;
};

/** Whether a host name or address only reaches this machine. */
const isLoopback = (host: string): boolean =>
  host === "localhost" || host === "::1" || /^127(\.\d{1,3}){3}$/.test(host);
