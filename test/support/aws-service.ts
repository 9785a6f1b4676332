import { randomUUID } from "node:crypto";
import { writePathDefaults } from "../../functions/config.ts";
import { openAwsEngine } from "../../functions/aws-engine.ts";
import { makeAwsResources } from "../../infra/local/aws-resources.ts";
import { awsVariables } from "../../infra/local/aws-settings.ts";
import type { Engine } from "../../shared/ports.ts";
import { localStackClients, localStackEndpoint, localStackEnvironment, tamperWith } from "./aws-engine.ts";
import type { Tamper } from "./engines.ts";
import { startService, type Service } from "./service.ts";

export interface AwsService extends AsyncDisposable {
  readonly service: Service;
  /** The same store, seen from the test. */
  readonly engine: Engine;
  readonly tamper: Tamper;
  /** What the service's processes are told of it. */
  readonly environment: Readonly<Record<string, string>>;
}

/** The whole service, HTTP process and workers, on tables, queues and a bucket of its own on LocalStack. */
export const startAwsService = async (workers = 2): Promise<AwsService> => {
  const clients = localStackClients();
  const names = await makeAwsResources(clients, `e2e-${randomUUID()}`, writePathDefaults);
  const environment = {
    ...localStackEnvironment,
    ...awsVariables(names),
    CASENOTES_ENGINE: "aws",
    AWS_ENDPOINT_URL: localStackEndpoint(),
  };
  const service = await startService({ args: ["--workers", String(workers)], env: environment });
  const engine = openAwsEngine({ clients, names });
  return {
    service,
    engine,
    tamper: tamperWith(clients, names),
    environment,
    [Symbol.asyncDispose]: async () => {
      await service[Symbol.asyncDispose]();
      await engine.close();
    },
  };
};
