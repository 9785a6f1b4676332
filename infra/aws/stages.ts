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
  /**
   * Functions ask X-Ray of each invocation whether to trace it: it takes one a second of each function and 5 % of the others,
   * which nobody can set for Lambda. Otherwise nothing is traced, and nothing paid for.
   */
  readonly traces: boolean;
  /**
   * What `heads`, `operations` and their indexes take from their first second on; undefined: what DynamoDB gives every new
   * table, 4,000 write and 12,000 read units. Paid for once, when it is raised; it cannot be lowered.
   */
  readonly warm: WarmUnits | undefined;
}

/** Units a second. */
export interface WarmUnits {
  readonly readUnitsPerSecond: number;
  readonly writeUnitsPerSecond: number;
}

export const stages: Readonly<Record<StageName, StageSettings>> = {
  dev: {
    name: "dev",
    keepsRecords: false,
    logDays: 30,
    concurrencyShare: 0.1,
    throttle: { ratePerS: 100, burst: 200 },
    traces: true,
    warm: undefined,
  },
  prod: {
    name: "prod",
    keepsRecords: true,
    logDays: 365,
    concurrencyShare: 1,
    // 5,000 updates a second, and as many reads beside them: what an account has in most regions.
    throttle: { ratePerS: 10_000, burst: 5_000 },
    traces: false,
    warm: undefined,
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
