import { execFileSync, spawn, type ChildProcess } from "node:child_process";
import { hash } from "node:crypto";
import { existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { untilHealthy, type RunningLocalStack } from "./health.ts";
import { findPython } from "./python.ts";
import { makeRunFolder } from "../run-folder.ts";

const here = import.meta.dirname;
const cache = fileURLToPath(new URL("../../../.cache/localstack/", import.meta.url));

const run = (program: string, args: readonly string[]): void => {
  execFileSync(program, args, { stdio: ["ignore", "ignore", "pipe"], cwd: cache });
};

/** LocalStack in a virtual environment of its own, made once for each list of requirements. */
const installedPython = (): string => {
  const requirements = join(here, "requirements.txt");
  const venv = join(cache, "venv");
  const mark = join(venv, `installed-${hash("sha256", readFileSync(requirements, "utf8")).slice(0, 16)}`);
  const python = join(venv, "bin/python");
  if (existsSync(mark)) return python;
  rmSync(venv, { recursive: true, force: true });
  run(findPython(cache), ["-m", "venv", venv]);
  run(python, ["-m", "pip", "install", "-q", "--no-deps", "-r", requirements]);
  writeFileSync(mark, "");
  return python;
};

const installedPythonOrWhyNot = (): string => {
  try {
    return installedPython();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    const remedy = "set LOCALSTACK_ENDPOINT to one that runs, or start a Docker engine";
    throw new Error(`LocalStack could not be installed in ${cache} (or ${remedy}): ${why}`, { cause });
  }
};

const dynamoExecutable = (): string => {
  const name = "@dynoxide/linux-x64";
  try {
    return join(dirname(createRequire(import.meta.url).resolve(`${name}/package.json`)), "dynoxide");
  } catch (cause) {
    throw new Error(`${name}, which LocalStack keeps its tables in here, is not installed: run npm ci on Linux x64`, {
      cause,
    });
  }
};

/** LocalStack starts DynamoDB as a Java program: a script of that name starts one that needs no Java. */
const stageDynamo = (folder: string): string => {
  const executable = dynamoExecutable();
  const jarFolder = join(folder, "fs/var/lib/localstack/lib/dynamodb-local/2");
  mkdirSync(jarFolder, { recursive: true });
  writeFileSync(join(jarFolder, "DynamoDBLocal.jar"), "");
  const bin = join(folder, "bin");
  mkdirSync(bin);
  const script = `#!/bin/sh
while [ $# -gt 0 ]; do [ "$1" = -port ] && port=$2; shift; done
exec "${executable}" --port "$port"
`;
  writeFileSync(join(bin, "java"), script, { mode: 0o755 });
  return bin;
};

const environment = (folder: string, port: number): NodeJS.ProcessEnv => ({
  HOME: folder,
  PATH: `${stageDynamo(folder)}:${process.env["PATH"]}`,
  TMPDIR: folder,
  FILESYSTEM_ROOT: join(folder, "fs"),
  CONFIG_DIR: join(folder, "conf"),
  GATEWAY_LISTEN: `127.0.0.1:${port}`,
  LOCALSTACK_HOST: `127.0.0.1:${port}`,
  OVERRIDE_IN_DOCKER: "0",
  SERVICES: "sqs,s3,dynamodb",
  EAGER_SERVICE_LOADING: "1",
  SQS_ENDPOINT_STRATEGY: "path",
  PROVIDER_OVERRIDE_DYNAMODB: "v2",
  DYNAMODB_IN_MEMORY: "1",
  DISABLE_EVENTS: "1",
  SKIP_SSL_CERT_DOWNLOAD: "1",
  DNS_ADDRESS: "0",
});

/** It ends, with all that it started, when we let go of its standard input: so it does too when this process is killed. */
const end = async (child: ChildProcess, folder: string): Promise<void> => {
  if (child.exitCode === null && child.signalCode === null) {
    const ended = new Promise<void>((resolve) => {
      child.once("exit", () => resolve());
    });
    child.stdin?.end();
    await ended;
  }
  rmSync(folder, { recursive: true, force: true });
};

/** Starts LocalStack as a process of this machine, without Docker; installs it in `.cache/` the first time (300 MB). */
export const startOnHost = async (port: number): Promise<RunningLocalStack> => {
  mkdirSync(cache, { recursive: true });
  const python = installedPythonOrWhyNot();
  const folder = makeRunFolder(cache);
  const log = join(cache, "localstack.log");
  const out = openSync(log, "w");
  const child = spawn(python, [join(here, "localstack_main.py")], {
    env: environment(folder, port),
    cwd: folder,
    detached: true,
    stdio: ["pipe", out, out],
  });
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await untilHealthy(endpoint, () => child.exitCode === null);
  } catch (cause) {
    await end(child, folder);
    throw new Error(`LocalStack did not start; its last lines:\n${readFileSync(log, "utf8").slice(-3_000)}`, { cause });
  }
  return { endpoint, stop: () => end(child, folder) };
};
