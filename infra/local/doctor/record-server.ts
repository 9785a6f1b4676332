import { randomUUID } from "node:crypto";
import type { AddressInfo } from "node:net";
import { writePathDefaults } from "../../../functions/config.ts";
import type { Dependencies } from "../../../functions/dependencies.ts";
import { git } from "../../../functions/git.ts";
import { readRecords } from "../../../functions/read-records.ts";
import { Refusal } from "../../../shared/errors.ts";
import type { Engine } from "../../../shared/ports.ts";
import { localServer } from "../server.ts";

export interface RecordServer {
  readonly url: string;
  /** The one token it takes, made for this run. */
  readonly token: string;
  close(): Promise<void>;
}

const cacheBytes = 1024 * 1024;
const bodyLimit = 1_000_000;

const noSigning = (): never => {
  throw new Error("this server signs nothing");
};

const dependenciesFor = (engine: Engine, token: string): Dependencies => ({
  config: { ...writePathDefaults, version: "doctor", baseUrl: "", issuers: [] },
  engine,
  records: readRecords({ engine, cacheBytes }),
  hints: { queued: () => {}, settled: () => {}, sleep: () => Promise.resolve() },
  tokens: {
    verify: async (given) => {
      if (given !== token) throw new Refusal("unauthenticated", "The token is not this run's.");
      const scopes = new Set(["record:read"]);
      return { issuer: "doctor", subject: "doctor", name: "doctor", role: "doctor", scopes, patients: null };
    },
  },
  signer: { committer: { name: "", email: "" }, allowedSigner: "", sign: noSigning },
  log: () => {},
  now: Date.now,
  newId: randomUUID,
  random: Math.random,
  reach: () => {},
});

/** Serves the records of an engine to git on a free port of this machine's loopback, with the service's own git function. */
export const serveRecords = async (engine: Engine): Promise<RecordServer> => {
  const token = randomUUID();
  const { server } = localServer({
    entry: git(dependenciesFor(engine, token)),
    log: () => {},
    now: Date.now,
    bodyLimit: () => bodyLimit,
  });
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}/git`,
    token,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
};
