import { App, Stage, Tags, Validations } from "aws-cdk-lib";
import { Code } from "aws-cdk-lib/aws-lambda";
import { AwsSolutionsChecks, HIPAASecurityChecks } from "cdk-nag";
import { ServiceStack } from "./service-stack.ts";
import { stages, type DeploySettings, type StageName } from "./stages.ts";
import { StorageStack } from "./storage-stack.ts";

export interface ServiceAppOptions {
  readonly settings: DeploySettings;
  readonly version: string;
  /** The folder with an entry's bundle. */
  readonly bundleOf: (entry: string) => string;
  readonly outdir?: string;
}

export const nagPacks = (app: App) => [new AwsSolutionsChecks(app), new HIPAASecurityChecks(app)];

/** Both stages of the service; what is deployed is chosen by name: `cdk deploy "dev/*"`. */
export const serviceApp = ({ settings, version, bundleOf, outdir }: ServiceAppOptions): App => {
  const app = new App({ ...(outdir !== undefined && { outdir }), analyticsReporting: false });
  for (const name of Object.keys(stages) as StageName[]) addStage(app, name, { settings, version, bundleOf });
  Validations.of(app).addPlugins(...nagPacks(app));
  return app;
};

const addStage = (app: App, name: StageName, { settings, version, bundleOf }: ServiceAppOptions): void => {
  const stage = stages[name];
  const scope = new Stage(app, name);
  const code = (entry: string): Code => Code.fromAsset(bundleOf(entry));
  const storage = new StorageStack(scope, "Storage", {
    stackName: `casenotes-${name}-storage`,
    stage,
    signingKeyCode: code("signing-key"),
  });
  new ServiceStack(scope, "Service", {
    stackName: `casenotes-${name}-service`,
    stage,
    settings,
    storage,
    version,
    code,
  });
  Tags.of(scope).add("casenotes", name);
};
