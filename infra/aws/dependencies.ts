import { randomUUID } from "node:crypto";
import { setTimeout as sleep } from "node:timers/promises";
import { GetSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import { awsClients } from "../../functions/aws-clients.ts";
import { openAwsEngine } from "../../functions/aws-engine.ts";
import { writePathDefaults, type Config } from "../../functions/config.ts";
import type { Dependencies, Signer, TokenVerifier } from "../../functions/dependencies.ts";
import type { Hints } from "../../functions/hints.ts";
import { readRecords } from "../../functions/read-records.ts";
import { tokenVerifier } from "../../functions/tokens.ts";
import { createSigner } from "../../shared/git/signature.ts";
import { readEnvironment, type FunctionEnvironment } from "./environment.ts";
import { jsonLines } from "./log.ts";

/**
 * Memory of one instance for current states of records, and as much again for footers and for parts of packs, bytes: 72 MB
 * at most, by estimates that are above what was measured (16 MB where 24 were counted, at 100 files). The functions that
 * read records have 1,024 MB or more and need about 110 for themselves; the rest is for the segments of a clone. An instance
 * answers one request at a time: some 400 records of 100 files, or two of the largest (50,000 files), are more than it
 * meets again before they change, and a miss costs a few GETs of 512 KB together, not an error.
 */
const cacheBytes = 24 * 1024 * 1024;

const committer = { name: "Casenotes", email: "writer@casenotes.invalid" };

/** Functions share no memory: who waits reads the row in growing steps. */
const noHints: Hints = {
  queued: () => {},
  settled: () => {},
  sleep: async (_id, ms, signal) => {
    try {
      await sleep(ms, undefined, { signal });
    } catch (cause) {
      if (!signal.aborted) throw cause;
    }
  },
};

/** What a function without a right to the key is given: it must not sign. */
const noSigner: Signer = {
  committer,
  sign: () => {
    throw new Error("this function does not sign");
  },
  allowedSigner: "",
};

/** What a function that nobody calls with a token is given: what verifies tokens is not in its bundle. */
const noTokens: TokenVerifier = {
  verify: async () => {
    throw new Error("this function takes no tokens");
  },
};

/** Reads the signing key; the function's role must allow it. */
const openSigner = async (secretId: string): Promise<Signer> => {
  const client = new SecretsManagerClient();
  const { SecretString: privateKeyPem = "" } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
  client.destroy();
  return createSigner({ privateKeyPem, committer });
};

/** A Lambda function that waits costs money and one of its reserved slots: longer waits belong to the status function. */
const mostWriteWaitS = 5;

const configOf = ({ version, baseUrl, issuers }: FunctionEnvironment): Config => ({
  ...writePathDefaults,
  mostWriteWaitS,
  version,
  baseUrl,
  issuers,
});

const composed = (environment: FunctionEnvironment, signer: Signer): Dependencies => {
  const config = configOf(environment);
  const shared = { now: Date.now, newId: randomUUID, random: Math.random, reach: () => {} };
  const { names, endpoint } = environment;
  const { leaseMs, visibilityS } = config;
  const clients = awsClients(endpoint === undefined ? {} : { endpoint });
  const engine = openAwsEngine({ clients, names, leaseMs, visibilityS, ...shared });
  const records = readRecords({ engine, cacheBytes });
  return { config, engine, records, hints: noHints, tokens: noTokens, signer, log: jsonLines, ...shared };
};

/** Composes the dependencies of a function that neither signs nor takes tokens. Throws EnvironmentError. */
export const composeDependencies = (): Dependencies => composed(readEnvironment(process.env), noSigner);

/** Composes the dependencies of a function that callers reach with their tokens. Throws EnvironmentError. */
export const composeCalledDependencies = (): Dependencies => {
  const deps = composeDependencies();
  return { ...deps, tokens: tokenVerifier(deps.config.issuers, deps.now) };
};

/** Composes the dependencies of a function that signs, or tells by which key. Throws EnvironmentError. */
export const composeSigningDependencies = async (): Promise<Dependencies> => {
  const environment = readEnvironment(process.env);
  return composed(environment, await openSigner(environment.signingKeySecret));
};
