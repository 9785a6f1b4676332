import { openConnection, type LoadConnection, type RawReply } from "./connection.ts";

export interface ClosedLoop {
  readonly host: string;
  readonly port: number;
  /** Clients, each with one connection and one request under way. */
  readonly clients: number;
  /** Ends after this long, ms … */
  readonly forMs: number;
  /** … or after this many requests in all, whichever comes first. */
  readonly requests?: number;
  /** One round of one client; by default what `next` gives is asked once. Resolves with the last reply. */
  readonly round: (connection: LoadConnection, client: number, turn: number) => Promise<RawReply>;
}

export interface LoadResult {
  readonly rounds: number;
  readonly seconds: number;
  readonly perSecond: number;
  /** Latency of a round, ms. */
  readonly p50: number;
  readonly p99: number;
  readonly most: number;
  /** Rounds by the status of their last reply. */
  readonly statuses: Readonly<Record<number, number>>;
  /** CPU of the load driver itself, µs a round. */
  readonly driverCpuUs: number;
  /** Of every round, ms, ascending. */
  readonly latencies: readonly number[];
}

/** Closed-loop load: each client sends its next request when the last one was answered. */
export const closedLoop = async (plan: ClosedLoop): Promise<LoadResult> => {
  const connections = await Promise.all(
    Array.from({ length: plan.clients }, () => openConnection(plan.host, plan.port)),
  );
  const latencies: number[] = [];
  const statuses: Record<number, number> = {};
  const most = plan.requests ?? Number.POSITIVE_INFINITY;
  const cpu = process.cpuUsage();
  const began = performance.now();
  let started = 0;
  const client = async (connection: LoadConnection, number: number) => {
    for (let turn = 0; started < most; turn += 1) {
      started += 1;
      const from = performance.now();
      if (from - began > plan.forMs) return;
      const { status } = await plan.round(connection, number, turn);
      latencies.push(performance.now() - from);
      statuses[status] = (statuses[status] ?? 0) + 1;
    }
  };
  try {
    await Promise.all(connections.map(client));
  } finally {
    for (const connection of connections) connection.close();
  }
  const seconds = (performance.now() - began) / 1_000;
  const { user, system } = process.cpuUsage(cpu);
  latencies.sort((a, b) => a - b);
  return {
    rounds: latencies.length,
    seconds,
    perSecond: latencies.length / seconds,
    p50: quantile(latencies, 0.5),
    p99: quantile(latencies, 0.99),
    most: quantile(latencies, 1),
    statuses,
    driverCpuUs: (user + system) / Math.max(1, latencies.length),
    latencies,
  };
};

/** The value that `share` of an ascending list lies below; 0 of an empty one. */
export const quantile = (ascending: readonly number[], share: number): number =>
  ascending[Math.min(ascending.length - 1, Math.floor(ascending.length * share))] ?? 0;
