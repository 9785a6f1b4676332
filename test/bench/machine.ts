import { generateKeyPairSync, sign } from "node:crypto";
import { closeSync, fdatasyncSync, openSync, readFileSync, rmSync, writeSync } from "node:fs";
import { cpus, loadavg, release, totalmem } from "node:os";
import { join } from "node:path";
import { quantile } from "./load/closed-loop.ts";

/** What figures depend on. */
export interface Machine {
  readonly cores: number;
  readonly cpu: string;
  readonly memoryGb: number;
  readonly kernel: string;
  readonly node: string;
  /** Median of appending 4 KB to a file and fdatasync, ms. */
  readonly fsyncMs: number;
  /** Median of an Ed25519 signature, ms: how fast this machine is just now. */
  readonly signMs: number;
  /** Load average of the last minute before the start. */
  readonly load: number;
  readonly at: string;
}

export const describeMachine = (folder: string): Machine => ({
  cores: cpus().length,
  cpu: `${cpus()[0]?.model ?? "unknown"} (${vendorModel()})`,
  memoryGb: Math.round(totalmem() / 1024 ** 3),
  kernel: release(),
  node: process.version,
  fsyncMs: fsyncMs(folder),
  signMs: signMs(),
  load: loadavg()[0] ?? 0,
  at: new Date().toISOString(),
});

/** Virtual machines often name no model; family and model tell the generation. */
const vendorModel = (): string => {
  const text = readFileSync("/proc/cpuinfo", "latin1");
  const field = (name: string) => new RegExp(`^${name}\\s*: (.*)$`, "m").exec(text)?.[1] ?? "?";
  return `family ${field("cpu family")} model ${field("model")}, ${field("cpu MHz")} MHz`;
};

const median = (times: readonly number[]): number =>
  quantile(
    times.toSorted((a, b) => a - b),
    0.5,
  );

const signatures = 2_000;

const signMs = (): number => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const bytes = Buffer.alloc(256, 1);
  return median(
    Array.from({ length: signatures }, () => {
      const from = performance.now();
      sign(null, bytes, privateKey);
      return performance.now() - from;
    }),
  );
};

const syncs = 200;

const fsyncMs = (folder: string): number => {
  const path = join(folder, "fsync-probe");
  const file = openSync(path, "w");
  const block = Buffer.alloc(4_096, 1);
  const times = Array.from({ length: syncs }, () => {
    const from = performance.now();
    writeSync(file, block);
    fdatasyncSync(file);
    return performance.now() - from;
  });
  closeSync(file);
  rmSync(path);
  return median(times);
};

/** CPU time that a process has used, ms; the kernel counts in ticks of 10 ms. */
export const cpuMs = (pid: number): number => {
  const [user, system] = cpuTicks(pid);
  return (user! + system!) * 10;
};

/** The same, with that of its children that have ended. */
export const cpuMsWithEnded = (pid: number): number => cpuTicks(pid).reduce((sum, ticks) => sum + ticks, 0) * 10;

/** utime, stime, cutime and cstime: fields 14 to 17 (proc_pid_stat(5)). */
const cpuTicks = (pid: number): readonly number[] => {
  const text = readFileSync(`/proc/${pid}/stat`, "latin1");
  // The name, in parentheses, may hold spaces.
  return text
    .slice(text.lastIndexOf(")") + 2)
    .split(" ")
    .slice(11, 15)
    .map(Number);
};

/** CPU time that all processes of the machine have used, ms. */
export const machineCpuMs = (): number => {
  const [user, nice, system, , , irq, softirq, steal] = readFileSync("/proc/stat", "latin1")
    .split("\n")[0]!
    .split(/\s+/)
    .slice(1)
    .map(Number);
  return (user! + nice! + system! + irq! + softirq! + steal!) * 10;
};

/** Memory of a process, MB: `VmHWM` the most it had resident, `RssAnon` its own now, `RssFile` mapped files now. */
export const memoryMb = (pid: number, what: "VmHWM" | "RssAnon" | "RssFile"): number =>
  Number(new RegExp(`^${what}:\\s+(\\d+) kB$`, "m").exec(readFileSync(`/proc/${pid}/status`, "latin1"))?.[1] ?? 0) /
  1_024;

/** Bytes that a process has had written to the disk. */
export const bytesWritten = (pid: number): number =>
  Number(/^write_bytes: (\d+)$/m.exec(readFileSync(`/proc/${pid}/io`, "latin1"))?.[1] ?? 0);
