import { randomUUID } from "node:crypto";
import type { Engine } from "../../../shared/ports.ts";
import { openSqliteOnFile } from "../../support/engines.ts";
import { createCommand, openWritePath, putCommand } from "../../support/write-path.ts";
import type { Figure } from "../figures.ts";
import type { Scenario } from "../scenario.ts";

/** The engine with every call of a port counted by `port.method`. */
const counted = (engine: Engine, calls: Map<string, number>): Engine => {
  const countedPort = <T extends object>(port: string, methods: T): T =>
    new Proxy(methods, {
      get: (target, key, receiver) => {
        const value: unknown = Reflect.get(target, key, receiver);
        if (typeof value !== "function") return value;
        return (...args: unknown[]): unknown => {
          const name = `${port}.${String(key)}`;
          calls.set(name, (calls.get(name) ?? 0) + 1);
          return Reflect.apply(value, target, args);
        };
      },
    });
  return {
    ...engine,
    heads: countedPort("heads", engine.heads),
    operations: countedPort("operations", engine.operations),
    intake: countedPort("intake", engine.intake),
    payloads: countedPort("payloads", engine.payloads),
    queue: countedPort("queue", engine.queue),
    segments: countedPort("segments", engine.segments),
    summaries: countedPort("summaries", engine.summaries),
    effects: countedPort("effects", engine.effects),
  };
};

/** Counted in this process, from receive to delete, on the embedded engine: each call is a request on a remote engine. */
const measure = async (): Promise<readonly Figure[]> => {
  const calls = new Map<string, number>();
  const under = await openSqliteOnFile();
  await using path = await openWritePath({ ...under, engine: counted(under.engine, calls) });
  const patientId = randomUUID();
  await path.submit(patientId, createCommand());
  await path.deliverAll();
  const figures: Figure[] = [];
  for (const operations of [1, 8]) {
    for (let at = 0; at < operations; at += 1)
      await path.submit(patientId, putCommand(`notes/${operations}-${at}.md`, "text\n"));
    calls.clear();
    const failed = await path.run(await path.receive());
    if (failed.length > 0) throw new Error("a batch failed");
    const list = [...calls].map(([name, times]) => (times === 1 ? name : `${times} × ${name}`));
    figures.push({
      name: `port calls of a warm batch of ${operations === 1 ? "one update" : `${operations} updates`}`,
      value: [...calls.values()].reduce((sum, times) => sum + times, 0),
      unit: "",
      note: list.join(", "),
    });
  }
  return figures;
};

export const portCalls: Scenario = { name: "calls", measure };
