import { execFileSync, spawnSync } from "node:child_process";
import { untilHealthy, type RunningLocalStack } from "./health.ts";

/** The last release that is free. */
const image = "localstack/localstack:4.14";

/** Whether there is a Docker engine that answers. */
export const hasDocker = (): boolean => spawnSync("docker", ["info"], { stdio: "ignore", timeout: 5_000 }).status === 0;

/** Starts LocalStack in a container that is removed when it stops. */
export const startInDocker = async (port: number): Promise<RunningLocalStack> => {
  const settings = ["SERVICES=sqs,s3,dynamodb", "SQS_ENDPOINT_STRATEGY=path", "PROVIDER_OVERRIDE_DYNAMODB=v2"];
  const args = ["run", "-d", "--rm", "-p", `127.0.0.1:${port}:4566`, ...settings.flatMap((one) => ["-e", one]), image];
  const container = execFileSync("docker", args).toString().trim();
  const stop = async (): Promise<void> => {
    execFileSync("docker", ["kill", container], { stdio: "ignore" });
  };
  const endpoint = `http://127.0.0.1:${port}`;
  try {
    await untilHealthy(endpoint);
  } catch (cause) {
    await stop();
    throw cause;
  }
  return { endpoint, stop };
};
