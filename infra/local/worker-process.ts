import { localHints } from "./hints.ts";
import { joinSupervisor } from "./member.ts";

const main = async (): Promise<void> => {
  const hints = localHints((message) => member.tell(message));
  const member = joinSupervisor(process.env["CASENOTES_MEMBER"] ?? "worker", {
    onHint: hints.receive,
    onDrain: () => Promise.resolve(),
  });
  member.tell({ kind: "ready" });
};

await main();
