/** One typed configuration: read once, from the environment, by the process that composes the functions. */
export interface Config {
  readonly version: string;
  /** Public base URL without a trailing slash, e.g. `http://127.0.0.1:8080`. */
  readonly baseUrl: string;
  readonly issuers: readonly TrustedIssuer[];
  /** Commit function time-out, ms. */
  readonly commitTimeoutMs: number;
  /** Lease on a head, ms. */
  readonly leaseMs: number;
  /** Queue visibility time-out, s. */
  readonly visibilityS: number;
  readonly maxReceiveCount: number;
  /** Open operations a patient may have (soft limit). */
  readonly openPerPatient: number;
  /** From this receive on, operations run one by one. */
  readonly aloneFromReceive: number;
  /** Runs alone without an end after which an operation is parked. */
  readonly parkAtTries: number;
}

export interface TrustedIssuer {
  readonly issuer: string;
  readonly audience: string;
  readonly jwksUri: string;
  readonly algorithms: readonly ("RS256" | "ES256" | "EdDSA")[];
}

/** The numbers of the write path; tests shrink them, deployments do not. */
export const writePathDefaults = {
  commitTimeoutMs: 15_000,
  leaseMs: 20_000,
  visibilityS: 90,
  maxReceiveCount: 1_000,
  openPerPatient: 50,
  aloneFromReceive: 3,
  parkAtTries: 3,
} as const;
