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
  /** Longest that a write waits for its own outcome, s; a longer wish is cut, and `Preference-Applied` says so. */
  readonly mostWriteWaitS: number;
  /** Open operations a patient may have (soft limit). */
  readonly openPerPatient: number;
  /** From this receive on, operations run one by one. */
  readonly aloneFromReceive: number;
  /** Runs alone without an end after which an operation is parked. */
  readonly parkAtTries: number;
  /** Age of a queued operation from which the sweep looks at it, ms. */
  readonly resendLookAfterMs: number;
  /** Age from which a patient's oldest queued operation is sent again, ms. */
  readonly resendAfterMs: number;
  /** Age of a payload from which the sweep looks at it, ms. */
  readonly payloadLookAfterMs: number;
  /** Age from which a payload without a row is deleted, ms. */
  readonly orphanAfterMs: number;
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
  mostWriteWaitS: 25,
  openPerPatient: 50,
  aloneFromReceive: 3,
  parkAtTries: 3,
  resendLookAfterMs: 5_000,
  resendAfterMs: 15 * 60_000,
  payloadLookAfterMs: 2 * 60_000,
  orphanAfterMs: 24 * 60 * 60_000,
} as const;
