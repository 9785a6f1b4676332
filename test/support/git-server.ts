import { execFile } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { createServer } from "node:http";
import type { IncomingMessage, ServerResponse } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { gunzipSync } from "node:zlib";
import { advertise, answerUploadPack, protocolOf, type CloneSource } from "../../shared/git/upload-pack.ts";

const bodyOf = async (request: IncomingMessage): Promise<Buffer> => {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk);
  const body = Buffer.concat(chunks);
  return request.headers["content-encoding"] === "gzip" ? gunzipSync(body) : body;
};

const answer = async (source: CloneSource, request: IncomingMessage, response: ServerResponse): Promise<void> => {
  const header = request.headers["git-protocol"];
  const protocol = protocolOf(typeof header === "string" ? header : undefined);
  if (request.method === "GET") {
    response.setHeader("content-type", "application/x-git-upload-pack-advertisement");
    response.end(advertise(protocol, (await source.head())?.commit ?? null));
    return;
  }
  response.setHeader("content-type", "application/x-git-upload-pack-result");
  const body = await answerUploadPack(source, protocol, await bodyOf(request));
  if (body instanceof Uint8Array) response.end(body);
  else {
    for await (const chunk of body) response.write(chunk);
    response.end();
  }
};

/** Serves one repository on 127.0.0.1, for stock git. `requests` lists the request bodies' sizes by path. */
export const gitServer = async (source: CloneSource) => {
  const server = createServer((request, response) => {
    answer(source, request, response).catch(() => response.destroy());
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/record.git`,
    [Symbol.asyncDispose]: async (): Promise<void> => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
};

const run = promisify(execFile);

/** A folder of its own, and stock git in it with no configuration but the test's. */
export const gitFolder = async () => {
  const folder = await mkdtemp(join(tmpdir(), "casenotes-git-"));
  const git = async (...args: readonly string[]): Promise<string> => {
    const options = {
      cwd: folder,
      maxBuffer: 64 * 1024 * 1024,
      env: { PATH: process.env["PATH"], HOME: folder, GIT_CONFIG_NOSYSTEM: "1", GIT_TERMINAL_PROMPT: "0" },
    };
    const { stdout, stderr } = await run("git", ["-c", "init.defaultBranch=main", ...args], options);
    return stdout + stderr;
  };
  return {
    folder,
    git,
    [Symbol.asyncDispose]: (): Promise<void> => rm(folder, { recursive: true, force: true }),
  };
};
