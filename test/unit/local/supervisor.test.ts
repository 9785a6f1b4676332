import { readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { supervise, type SupervisorOptions } from "../../../infra/local/supervisor.ts";
import { aFolder } from "../../support/engines.ts";

const supervised = (over: Partial<SupervisorOptions>) =>
  supervise({
    members: [],
    args: [],
    env: process.env,
    log: () => undefined,
    giveBack: async () => false,
    onReady: () => undefined,
    onGivingUp: () => undefined,
    ...over,
  });

test("the supervisor looks for claims of the dead at its start and every so often, until it is stopped", async () => {
  let looks = 0;
  const giveBack = async (): Promise<boolean> => {
    looks += 1;
    return false;
  };
  const supervisor = supervised({ giveBack });
  expect(looks).toBe(1);
  await expect.poll(() => looks, { timeout: 10_000 }).toBeGreaterThan(2);
  await supervisor.stop();
  const before = looks;
  await sleep(1_200);
  expect(looks).toBe(before);
});

/** A member that says when it ends, the HTTP one some time after it was told to. */
const aMember = (file: string): string => `
import { appendFileSync } from "node:fs";
const name = process.env.CASENOTES_MEMBER;
const end = () => {
  appendFileSync(${JSON.stringify(file)}, name + " ");
  process.exit(0);
};
process.on("message", ({ kind }) => kind === "drain" && setTimeout(end, name === "http" ? 300 : 0));
process.send({ kind: "ready", url: "http://127.0.0.1:1" });
`;

test("the supervisor stops its workers when HTTP has ended, whose clients wait for them", async () => {
  using folder = aFolder();
  const [file, module] = [join(folder.path, "ended"), join(folder.path, "member.mjs")];
  writeFileSync(module, aMember(file));
  const ready = Promise.withResolvers<string>();
  const supervisor = supervised({
    members: [
      { name: "http", role: "http", module },
      { name: "worker-1", role: "worker", module },
    ],
    onReady: ready.resolve,
  });
  await ready.promise;
  await supervisor.stop();
  expect(readFileSync(file, "utf8")).toBe("http worker-1 ");
});
