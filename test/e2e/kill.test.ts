import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { aPatientOf, cloneOf, sideBySide } from "../support/clinic.ts";
import { startService, type Service } from "../support/service.ts";

const clients = 8;

/**
 * Writes notes until told to stop; every accepted operation id with its patient. A lost answer is asked for again. `more` waits until
 * ten more are accepted.
 */
const underLoad = async (patients: readonly Awaited<ReturnType<typeof aPatientOf>>[]) => {
  const accepted = new Map<string, string>();
  const stopping = { value: false };
  const ended = sideBySide(clients, async (client) => {
    const patient = patients[client]!;
    for (let n = 0; !stopping.value; n++) {
      const key = `client-${client}-${n}`;
      for (let answered = false; !answered;) {
        const reply = await patient.put(`notes/${n}.md`, { key, prefer: "wait=1" }).catch(() => undefined);
        answered = reply !== undefined && reply.status < 300;
        if (answered) accepted.set(reply?.json.id, patient.id);
        else await sleep(20);
      }
    }
  });
  const stop = async () => {
    stopping.value = true;
    await ended;
    return accepted;
  };
  const more = async (): Promise<void> => {
    const enough = accepted.size + 10;
    while (accepted.size < enough) await sleep(10);
  };
  return { more, stop };
};

const settled = async (service: Service, id: string): Promise<string> => {
  for (;;) {
    const { json, text } = await service.request("GET", `/v1/operations/${id}`, { headers: { prefer: "wait=20" } });
    if (json.state !== "queued") return json.state ?? text;
  }
};

const expectEachOnce = async (service: Service, accepted: ReadonlyMap<string, string>) => {
  const states = await Promise.all([...accepted.keys()].map((id) => settled(service, id)));
  expect(new Set(states)).toEqual(new Set(["committed"]));
  for (const patientId of new Set(accepted.values())) {
    using clone = await cloneOf(service, patientId, ["-c", "transfer.fsckObjects=true"]);
    const [, ...history] = await clone.operationIds();
    const expected = [...accepted].filter(([, owner]) => owner === patientId).map(([id]) => id);
    expect(history.toSorted()).toEqual(expected.toSorted());
  }
};

test("a worker killed five times under load: every accepted operation is exactly one commit", async () => {
  await using service = await startService();
  const patients = await sideBySide(clients, () => aPatientOf(service));
  const load = await underLoad(patients);
  for (let kills = 0; kills < 5; kills++) {
    await load.more();
    const killed = service.pid("worker-1");
    await service.kill("worker-1");
    await service.logged(
      ({ event, ...line }) =>
        event === "member.started" && line["member"] === "worker-1" && service.pid("worker-1") !== killed,
    );
  }
  await load.more();
  const accepted = await load.stop();
  expect(accepted.size).toBeGreaterThanOrEqual(60);
  await expectEachOnce(service, accepted);
}, 120_000);

test("everything killed five times under load: a restart needs no repair, every accepted operation is one commit", async () => {
  await using service = await startService();
  const patients = await sideBySide(clients, () => aPatientOf(service));
  const load = await underLoad(patients);
  for (let kills = 0; kills < 5; kills++) {
    await load.more();
    await service.kill("all");
    await service.restart();
  }
  await load.more();
  const accepted = await load.stop();
  expect(accepted.size).toBeGreaterThanOrEqual(60);
  await expectEachOnce(service, accepted);
}, 120_000);
