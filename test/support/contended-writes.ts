import { randomUUID } from "node:crypto";
import { aPatientOf, cloneOf, sideBySide } from "./clinic.ts";
import type { Service } from "./service.ts";

interface Load {
  readonly clients: number;
  /** What each client does, so many times. */
  readonly times: number;
}

/**
 * Lost updates: clients side by side read one file, add a line and write it back under If-Match, again and again when they
 * were too late. Returns the ids of operations that ended committed, and those in the history; and answers other than
 * 200 and 412.
 */
export const editTogether = async (service: Service, { clients, times }: Load) => {
  const patient = await aPatientOf(service);
  const created = await patient.put("notes/shared.md", { content: "start\n" });
  const committed = new Set<string>([patient.create.json.id, created.json.id]);
  const unexpected: number[] = [];
  const edit = async (name: string): Promise<void> => {
    for (;;) {
      const { headers, text } = await patient.read("notes/shared.md");
      const content = `${text.split("\n").slice(-20).join("\n")}${name}\n`;
      const { status, json } = await patient.put("notes/shared.md", { content, ifMatch: headers.get("etag") ?? "" });
      if (status === 200) return void committed.add(json.id);
      if (status !== 412) unexpected.push(status);
    }
  };
  await sideBySide(clients, async (client) => {
    for (let n = 0; n < times; n++) await edit(`${client}-${n}`);
  });
  using clone = await cloneOf(service, patient.id);
  return { unexpected, committed: [...committed].toSorted(), history: (await clone.operationIds()).toSorted() };
};

/**
 * Idempotency: one key sent by clients side by side, and again after everything was killed and started again.
 * Returns each operation id and status that was answered, and the ids in the history after the create's.
 */
export const sendOneKey = async (service: Service, { clients, times }: Load) => {
  const patient = await aPatientOf(service);
  const once = { content: "only once\n", key: randomUUID() };
  const seen = new Set<string>();
  const statuses = new Set<number>();
  const send = async () => {
    const { status, json } = await patient.put("notes/a.md", once);
    statuses.add(status);
    seen.add(json.id);
  };
  const burst = () =>
    sideBySide(clients, async () => {
      for (let n = 0; n < times; n++) await send();
    });
  await burst();
  await service.kill("all");
  await service.restart();
  await burst();
  using clone = await cloneOf(service, patient.id);
  const [, ...history] = await clone.operationIds();
  return { seen: [...seen], statuses: [...statuses], history };
};
