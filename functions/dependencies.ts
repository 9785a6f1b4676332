import type { Caller } from "../shared/operation.ts";
import type { Engine } from "../shared/ports.ts";
import type { Config } from "./config.ts";
import type { FaultPoint } from "./fault-points.ts";
import type { Hints } from "./hints.ts";
import type { RecordReader } from "./record-reader.ts";

/** A caller whose token was verified, and what it may do. */
export interface VerifiedCaller extends Caller {
  readonly scopes: ReadonlySet<string>;
  /** The token's `patients` claim; null when it carries none. */
  readonly patients: ReadonlySet<string> | null;
}

export interface TokenVerifier {
  /** Throws Refusal unauthenticated | unavailable. */
  verify(token: string): Promise<VerifiedCaller>;
}

/** Signs the last commit of a batch (SSHSIG, ed25519) and names the committer. */
export interface Signer {
  readonly committer: { readonly name: string; readonly email: string };
  /** Armoured SSH signature in namespace `git` over the commit's bytes. */
  sign(commit: Uint8Array): string;
  /** One line of an SSH allowed-signers file. */
  readonly allowedSigner: string;
}

/** Structured log line: an event name and ids; never content, names or tokens. */
export type Log = (level: "info" | "warn" | "error", event: string, fields?: Readonly<Record<string, unknown>>) => void;

/** What every function is built from; composed once per process. */
export interface Dependencies {
  readonly config: Config;
  readonly engine: Engine;
  readonly records: RecordReader;
  readonly hints: Hints;
  readonly tokens: TokenVerifier;
  readonly signer: Signer;
  readonly log: Log;
  /** Milliseconds since the epoch. */
  readonly now: () => number;
  /** A random UUID. */
  readonly newId: () => string;
  /** 0 ≤ x < 1. */
  readonly random: () => number;
  /** Free in production; kills the process where a test armed it. */
  readonly reach: (point: FaultPoint) => void | Promise<void>;
}

/** What a handler gets beside the event; a Lambda context fits. */
export interface Invocation {
  readonly awsRequestId: string;
  getRemainingTimeInMillis(): number;
  /** Aborted when the client left (local server only). */
  readonly signal?: AbortSignal;
}
