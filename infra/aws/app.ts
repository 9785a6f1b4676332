import { fileURLToPath } from "node:url";
import packageJson from "../../package.json" with { type: "json" };
import { bundleAll } from "./bundles.ts";
import { DeploySettingsError, readDeploySettings } from "./deploy-settings.ts";
import { serviceApp } from "./service-app.ts";

const bundles = fileURLToPath(new URL("../../.cache/bundles", import.meta.url));

/** Bundles every function, then synthesizes both stages; run by the `cdk` command. */
const main = async (): Promise<void> => {
  const settings = readDeploySettings(process.env);
  await bundleAll(bundles);
  serviceApp({ settings, version: packageJson.version, bundleOf: (entry) => `${bundles}/${entry}` }).synth();
};

await main().catch((cause: unknown) => {
  if (!(cause instanceof DeploySettingsError)) throw cause;
  process.stderr.write(`${cause.message}\n`);
  process.exitCode = 1;
});
