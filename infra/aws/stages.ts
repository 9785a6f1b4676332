import type { TrustedIssuer } from "../../functions/config.ts";

export type StageName = "dev" | "prod";

/** What differs between stages; everything else is the same on purpose. */
export interface StageSettings {
  readonly name: StageName;
  /** Keeps tables, bucket and keys when the stack is deleted, and refuses to delete the tables at all. */
  readonly keepsRecords: boolean;
  /** Days that logs are kept. */
  readonly logDays: 30 | 365;
  /** Reserved concurrency is this share of what production has. */
  readonly concurrencyShare: number;
  /** Requests a second that the gateway lets through, and its burst. */
  readonly throttle: { readonly ratePerS: number; readonly burst: number };
}

export const stages: Readonly<Record<StageName, StageSettings>> = {
  dev: {
    name: "dev",
    keepsRecords: false,
    logDays: 30,
    concurrencyShare: 0.1,
    throttle: { ratePerS: 100, burst: 200 },
  },
  prod: {
    name: "prod",
    keepsRecords: true,
    logDays: 365,
    concurrencyShare: 1,
    throttle: { ratePerS: 5_000, burst: 5_000 },
  },
};

/** What an operator says of an installation, beside its stage. */
export interface DeploySettings {
  /** Whose tokens are taken; at least one. */
  readonly issuers: readonly TrustedIssuer[];
  /** Who is told of an alarm; undefined: nobody but the console. */
  readonly alarmEmail: string | undefined;
  /** What clients reach the service as, when a domain of your own stands in front; undefined: the gateway's URL. */
  readonly baseUrl: string | undefined;
}
