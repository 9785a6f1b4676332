import { CfnOutput, Stack, type StackProps } from "aws-cdk-lib";
import { FunctionUrlAuthType, InvokeMode, type Code } from "aws-cdk-lib/aws-lambda";
import type { Construct } from "constructs";
import { writePathDefaults } from "../../functions/config.ts";
import { tableDefinitions, type TableName } from "../../functions/adapters/table-definitions.ts";
import { acknowledge } from "./constructs/acknowledge.ts";
import { Alarms } from "./constructs/alarms.ts";
import { Api } from "./constructs/api.ts";
import { Dashboard } from "./constructs/dashboard.ts";
import { Figures } from "./constructs/figures.ts";
import { Functions } from "./constructs/functions.ts";
import { PatientQueue } from "./constructs/patient-queue.ts";
import type { ServiceFunction } from "./constructs/service-function.ts";
import { tableVariable } from "./environment.ts";
import type { EntryName } from "./function-plans.ts";
import type { DeploySettings, StageSettings } from "./stages.ts";
import type { StorageStack } from "./storage-stack.ts";

export interface ServiceStackProps extends StackProps {
  readonly stage: StageSettings;
  readonly settings: DeploySettings;
  readonly storage: StorageStack;
  readonly version: string;
  readonly code: (entry: EntryName) => Code;
}

/** What can be deleted and deployed again at any time: functions, queue, API, alarms. */
export class ServiceStack extends Stack {
  constructor(scope: Construct, id: string, { stage, settings, storage, version, code, ...props }: ServiceStackProps) {
    super(scope, id, props);
    const { key } = storage.recordKey;
    const queue = new PatientQueue(this, "Queue", {
      consumerTimeoutS: writePathDefaults.commitTimeoutMs / 1_000,
      maxReceiveCount: writePathDefaults.maxReceiveCount,
    });
    const api = new Api(this, "Api", { key, stage });
    const baseUrl = settings.baseUrl ?? api.api.apiEndpoint;
    const { all } = new Functions(this, "Functions", {
      stage,
      code,
      resources: {
        tables: storage.tables.all,
        bucket: storage.segments.bucket,
        key,
        queue,
        signingKey: storage.signingKey.secret,
      },
      environment: {
        ...namesOf(storage, queue),
        CASENOTES_VERSION: version,
        CASENOTES_BASE_URL: baseUrl,
        CASENOTES_ISSUERS: JSON.stringify(settings.issuers),
      },
    });
    const { submit, read, status, operate, git, health } = all;
    api.connect({ submit, read, status, operate, git, health });
    const cloneUrl = streamingUrl(all["git-stream"]);
    git.function.addEnvironment("CASENOTES_STREAMING_URL", cloneUrl);
    const figures = new Figures(this, "Figures", { stageName: stage.name, functions: all, queue });
    new Alarms(this, "Alarms", { key, figures, functions: all, email: settings.alarmEmail });
    new Dashboard(this, "Dashboard", { figures, functions: all });
    new CfnOutput(this, "Url", { value: baseUrl, description: "Base URL of the service" });
    new CfnOutput(this, "CloneUrl", { value: cloneUrl, description: "Base URL for clones of any size" });
  }
}

/** What a function's environment calls the things it works on. */
const namesOf = ({ tables, segments, signingKey }: StorageStack, queue: PatientQueue): Record<string, string> => ({
  ...Object.fromEntries(
    (Object.keys(tableDefinitions) as TableName[]).map((name) => [tableVariable(name), tables.all[name].tableName]),
  ),
  CASENOTES_BUCKET: segments.bucket.bucketName,
  CASENOTES_QUEUE_URL: queue.operations.queueUrl,
  CASENOTES_DEAD_LETTER_QUEUE_URL: queue.deadLetters.queueUrl,
  CASENOTES_SIGNING_KEY_SECRET: signingKey.secret.secretArn,
});

/** The token is checked inside, before anything is read, as behind the gateway. */
const streamingUrl = (gitStream: ServiceFunction): string => {
  acknowledge(
    gitStream,
    "HIPAA.Security-LambdaFunctionPublicAccessProhibited",
    "git cannot sign requests for IAM. The URL is as public as the API beside it: the function verifies the bearer token before it reads anything, has its own reserved concurrency, and may only read.",
  );
  const authType = FunctionUrlAuthType.NONE;
  return gitStream.function.addFunctionUrl({ authType, invokeMode: InvokeMode.RESPONSE_STREAM }).url;
};
