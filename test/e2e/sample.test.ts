import { type ChildProcess, spawn } from "node:child_process";
import { once } from "node:events";
import { type AddressInfo, connect, createServer } from "node:net";
import { text } from "node:stream/consumers";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { storyNumber } from "../../infra/local/sample/story.ts";
import { type Service, startService } from "../support/service.ts";

const command = fileURLToPath(new URL("../../infra/local/commands/sample.ts", import.meta.url));
const patients = 12;
const stories = Array.from({ length: patients }, (_, n) => storyNumber(n + 1));
const requests = stories.flatMap((story) => story.requests).length;

const start = (args: readonly string[], data: string): ChildProcess =>
  spawn(process.execPath, ["--disable-warning=ExperimentalWarning", command, ...args], {
    env: { PATH: process.env["PATH"], CASENOTES_DATA: data },
    stdio: ["ignore", "pipe", "pipe"],
  });

const ended = async (child: ChildProcess) => {
  const [stdout, stderr] = await Promise.all([text(child.stdout!), text(child.stderr!), once(child, "close")]);
  return { code: child.exitCode, stdout, stderr };
};

const run = (service: Pick<Service, "url" | "data">, ...args: readonly string[]) =>
  ended(start(["--url", service.url, "--patients", String(patients), ...args], service.data));

/** A way to the service that lets nothing more through from so many PUTs on: who came by it cannot come to an end. */
const aDoorTo = async (url: string, puts: number) => {
  const { hostname, port } = new URL(url);
  const shut = Promise.withResolvers<void>();
  let seen = 0;
  const server = createServer((client) => {
    const there = connect(Number(port), hostname);
    client.on("data", (chunk) => {
      seen += chunk.toString("latin1").split("PUT /").length - 1;
      if (seen < puts) there.write(chunk);
      else shut.resolve();
    });
    there.on("data", (chunk) => client.write(chunk));
    for (const [one, other] of [
      [client, there],
      [there, client],
    ] as const)
      one.on("error", () => {}).on("close", () => other.destroy());
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port: own } = server.address() as AddressInfo;
  const close = () => new Promise<void>((resolve) => server.close(() => resolve()));
  return { url: `http://127.0.0.1:${own}`, shut: shut.promise, [Symbol.asyncDispose]: close };
};

/** Head and number of commits of every patient of the sample. */
const histories = (service: Service) =>
  Promise.all(
    stories.map(async ({ patientId }) => {
      const { json } = await service.request("GET", `/v1/patients/${patientId}`);
      return { patientId, commit: String(json.commit), commits: Number(json.commits) };
    }),
  );

const told = stories.map((story) => ({ patientId: story.patientId, commits: story.requests.length }));

describe("the sample", () => {
  test("makes exactly one commit of every request, and nothing when it runs again", async () => {
    await using service = await startService();
    expect(await run(service)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`${requests} changes made, 0 known`),
    });
    const first = await histories(service);
    expect(first).toMatchObject(told);
    expect(await run(service)).toMatchObject({
      code: 0,
      stdout: expect.stringContaining(`0 changes made, ${requests} known`),
    });
    expect(await histories(service)).toEqual(first);
  });

  test("goes on where it was interrupted, and where the service was", async () => {
    await using service = await startService();
    await using door = await aDoorTo(service.url, 5);
    const child = start(["--url", door.url, "--patients", String(patients), "--concurrency", "2"], service.data);
    const interrupted = ended(child);
    await door.shut;
    child.kill("SIGINT");
    expect(await interrupted).toMatchObject({ code: 130, stderr: "Interrupted. Run it again to go on.\n" });
    const again = run(service);
    await service.kill("worker-1");
    expect(await again).toMatchObject({ code: 0, stderr: "" });
    expect(await histories(service)).toMatchObject(told);
  });

  test("leaves alone what another caller made", async () => {
    await using service = await startService();
    await run(service);
    const before = await histories(service);
    const { code, stdout } = await run(service, "--token", await service.token());
    expect([code, stdout]).toEqual([
      0,
      expect.stringMatching(/^12 patients: 0 changes made, 0 known already, 12 patients left alone/),
    ]);
    expect(await histories(service)).toEqual(before);
  });

  test("tells what is wrong with the token", async () => {
    await using service = await startService();
    expect(await run(service, "--token", "x")).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("refused the token"),
    });
    const reader = await service.token({ scope: "record:read" });
    expect(await run(service, "--token", reader)).toMatchObject({
      code: 1,
      stderr: expect.stringContaining("insufficient-scope"),
    });
  });

  test("tells that no service runs, or that there is no issuer", async () => {
    const nowhere = { url: "http://127.0.0.1:9", data: "/nonexistent" };
    expect(await run(nowhere, "--token", "x")).toMatchObject({ code: 1, stderr: expect.stringContaining("npm start") });
    expect(await run(nowhere)).toMatchObject({ code: 1, stderr: expect.stringContaining("no issuer in /nonexistent") });
  });

  test.for(["--patients 0", "--patients many", "--url ftp://x", "--concurrency 65", "--frobnicate"])(
    "%s is answered with the usage",
    async (flags) => {
      const { code, stderr } = await ended(start(flags.split(" "), "/nonexistent"));
      expect([code, stderr]).toEqual([2, expect.stringContaining("npm run -s sample -- [flags]")]);
    },
  );
});
