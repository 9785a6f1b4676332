import { readFile } from "node:fs/promises";
import { dirname } from "node:path";
import type { Plugin } from "esbuild";

/**
 * The default chain of the SDK's credentials brings single sign-on, profiles, processes, web identities and metadata
 * servers: an eighth of a bundle. Lambda gives a function its role's credentials in the environment, and nowhere else.
 */
const environmentCredentials: Plugin = {
  name: "environment-credentials",
  setup: ({ onLoad }) => {
    onLoad({ filter: /[/\\]credential-provider-node[/\\]dist-es[/\\]index\.js$/ }, ({ path }) => ({
      contents: 'export { fromEnv as defaultProvider } from "@aws-sdk/credential-provider-env";',
      resolveDir: dirname(path),
    }));
  },
};

/** One generated schema: an exported array or object that is built when the module is loaded. */
const schema = /^export var (\w+\$?) = (\[[^;]*?\n?\]);$/gm;

/**
 * A client of the SDK holds the schemas of all its operations, S3's of more than a hundred, and their computed keys forbid
 * esbuild to drop those that nobody uses. Marked as free of side effects, which they are, they go.
 */
const usedSchemas: Plugin = {
  name: "used-schemas",
  setup: ({ onLoad }) => {
    onLoad({ filter: /[/\\]dist-es[/\\].*schemas_\d+\.js$/ }, async ({ path }) => ({
      contents: (await readFile(path, "utf8")).replace(schema, "export var $1 = /* @__PURE__ */ (() => ($2))();"),
    }));
  },
};

/** What makes a bundle smaller and quicker to load without changing what it does. */
export const lighter: readonly Plugin[] = [environmentCredentials, usedSchemas];
