import { spawn } from "node:child_process";
import { once } from "node:events";
import { fileURLToPath } from "node:url";
import { awsClients } from "../../functions/aws-clients.ts";
import { writePathDefaults } from "../../functions/config.ts";
import { startLocalStack } from "../../test/support/localstack/localstack.ts";
import { makeAwsResources } from "./aws-resources.ts";
import { awsVariables, exportLines } from "./aws-settings.ts";

/** LocalStack takes any credentials; the SDK wants some. */
const anyCredentials = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "eu-west-1" };

const startModule = fileURLToPath(new URL("start.ts", import.meta.url));

/** Runs the service on LocalStack until it is told to stop, then ends what was started. Returns its exit code. */
const run = async (endpoint: string): Promise<number> => {
  Object.assign(process.env, anyCredentials);
  const clients = awsClients({ endpoint });
  const names = await makeAwsResources(clients, "casenotes", writePathDefaults);
  clients.close();
  const place = { ...awsVariables(names), AWS_ENDPOINT_URL: endpoint };
  process.stdout.write(`
For npm run copy and CASENOTES_ENGINE=aws npm run doctor, in another terminal:

${exportLines({ ...place, ...anyCredentials })}`);
  const service = spawn(process.execPath, [...process.execArgv, startModule, ...process.argv.slice(2)], {
    // By the channel it learns that this process was killed, and ends.
    stdio: ["inherit", "inherit", "inherit", "ipc"],
    env: { ...process.env, ...place, CASENOTES_ENGINE: "aws" },
  });
  for (const signal of ["SIGTERM", "SIGINT", "SIGHUP"] as const) process.on(signal, () => service.kill("SIGTERM"));
  const [code] = (await once(service, "exit")) as [number | null];
  return code ?? 1;
};

const localStack = await startLocalStack();
process.stdout.write(`LocalStack  ${localStack.endpoint}\n`);
try {
  process.exitCode = await run(localStack.endpoint);
} finally {
  await localStack.stop();
}
