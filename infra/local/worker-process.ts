import type { Engine } from "../../shared/ports.ts";
import { composeDependencies } from "./dependencies.ts";
import { localHints } from "./hints.ts";
import { joinSupervisor } from "./member.ts";
import { readSettings } from "./settings.ts";
import { startWorker, workerDefaults, type Worker } from "./worker.ts";

const main = async (): Promise<void> => {
  const hints = localHints((message) => member.tell(message));
  let running: { readonly worker: Worker; readonly engine: Engine } | undefined;
  const member = joinSupervisor(process.env["CASENOTES_MEMBER"] ?? "worker", {
    onHint: hints.receive,
    onDrain: async () => {
      await running?.worker.stop();
      await running?.engine.close();
    },
  });
  const settings = readSettings(process.env, process.argv.slice(2));
  // A worker answers nobody: it needs no URL.
  const deps = await composeDependencies({ settings, hints, member, baseUrl: "" });
  const worker = startWorker({ deps, ...workerDefaults });
  hints.onQueued(worker.wake);
  running = { worker, engine: deps.engine };
  member.tell({ kind: "ready" });
};

await main();
