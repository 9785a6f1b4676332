import { execFile } from "node:child_process";
import { randomUUID } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Reply, RequestOptions, Service } from "./service.ts";

const run = promisify(execFile);

/** A PUT or DELETE of one file, waited for. */
export interface Edit {
  readonly content?: string;
  readonly ifMatch?: string;
  readonly key?: string;
  readonly prefer?: string;
}

/** What a clinic's program does with one patient. */
export const aPatientOf = async (service: Service, over: Readonly<Record<string, unknown>> = {}) => {
  const id = randomUUID();
  const create = await service.request("POST", "/v1/patients", {
    headers: { prefer: "wait=20" },
    body: {
      id,
      name: { family: "Doe", given: ["Sample"] },
      birthDate: "1990-04-02",
      sex: "female",
      identifiers: [],
      ...over,
    },
  });
  const put = (path: string, { content = "x\n", ifMatch, key, prefer = "wait=20" }: Edit = {}): Promise<Reply> => {
    const precondition: Record<string, string> =
      ifMatch === undefined ? { "if-none-match": "*" } : { "if-match": ifMatch };
    const headers = { "content-type": "text/markdown", prefer, ...precondition };
    const options: RequestOptions = { headers, body: content, ...(key === undefined ? {} : { key }) };
    return service.request("PUT", `/v1/patients/${id}/files/${path}`, options);
  };
  const read = (path: string): Promise<Reply> => service.request("GET", `/v1/patients/${id}/files/${path}`);
  return { id, create, put, read };
};

/** Clones a record with stock git, `args` before the word clone; removed at the end of its `using` block. */
export const cloneOf = async (service: Service, patientId: string, args: readonly string[] = []) => {
  const home = mkdtempSync(join(tmpdir(), "casenotes-clone-"));
  const folder = join(home, "record");
  const env = { ...process.env, GIT_CONFIG_NOSYSTEM: "1", HOME: home, GIT_TERMINAL_PROMPT: "0" };
  const header = `http.extraHeader=Authorization: Bearer ${await service.token()}`;
  const from = `${service.url}/git/${patientId}.git`;
  await run("git", ["-c", header, ...args, "clone", "-q", from, folder], { env });
  const git = async (...words: readonly string[]): Promise<string> => {
    const { stdout, stderr } = await run("git", ["-C", folder, "-c", header, ...words], { env, maxBuffer: 1 << 28 });
    return stdout + stderr;
  };
  /** Operation ids of the commits, oldest first. */
  const operationIds = async (): Promise<readonly string[]> => {
    const text = await git("log", "--reverse", "--format=%(trailers:key=Operation-Id,valueonly,separator=)");
    return text.split("\n").filter((line) => line !== "");
  };
  return { git, folder, operationIds, [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }) };
};

/** Runs `count` copies of a client side by side. */
export const sideBySide = <T>(count: number, client: (number: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, number) => client(number)));
