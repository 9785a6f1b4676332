import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import type { Stack } from "aws-cdk-lib";
import { Stage } from "aws-cdk-lib";
import { Template } from "aws-cdk-lib/assertions";
import { serviceApp } from "../../infra/aws/service-app.ts";
import type { StageName } from "../../infra/aws/stages.ts";

const issuer = {
  issuer: "https://id.example.org",
  audience: "casenotes",
  jwksUri: "https://id.example.org/jwks.json",
  algorithms: ["ES256"],
} as const;

/** The app as the cdk command makes it, with an empty function in place of each bundle; removed by `dispose`. */
export const synthesized = () => {
  const folder = mkdtempSync(join(tmpdir(), "casenotes-synth-"));
  const bundle = join(folder, "bundle");
  mkdirSync(bundle);
  writeFileSync(join(bundle, "index.mjs"), "export const handler = () => {};\n");
  const app = serviceApp({
    settings: { issuers: [issuer], alarmEmail: undefined, baseUrl: undefined },
    version: "0.0.0",
    bundleOf: () => bundle,
    outdir: join(folder, "cdk.out"),
  });
  const templateOf = (stage: StageName, stack: "Storage" | "Service"): Template => {
    const scope = app.node.findChild(stage);
    if (!Stage.isStage(scope)) throw new Error(`there is no stage ${stage}`);
    return Template.fromStack(scope.node.findChild(stack) as Stack);
  };
  return { app, templateOf, dispose: () => rmSync(folder, { recursive: true, force: true }) };
};
