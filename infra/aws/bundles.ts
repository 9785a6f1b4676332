import { readdirSync, rmSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { build, type BuildOptions, type Metafile } from "esbuild";
import { lighter } from "./bundle-plugins.ts";

const entries = fileURLToPath(new URL("entries/", import.meta.url));

/** Names of all entries: the files of the folder. */
export const entryNames: readonly string[] = readdirSync(entries)
  .filter((file) => file.endsWith(".ts"))
  .map((file) => file.slice(0, -3))
  .toSorted();

/** Node's own modules are there in Lambda; packages, the SDK too, are bundled at the version that was tested. */
const options: BuildOptions & { readonly metafile: true } = {
  bundle: true,
  minify: true,
  sourcemap: true,
  // Sources are in the repository at the deployed version: a map without them is a third of the size.
  sourcesContent: false,
  metafile: true,
  // What only some requests need is loaded when first asked for.
  splitting: true,
  platform: "node",
  target: "node24",
  format: "esm",
  outExtension: { ".js": ".mjs" },
  mainFields: ["module", "main"],
  legalComments: "none",
  plugins: [...lighter],
  // An import for its types alone, of a package without side effects: nothing is lost.
  logOverride: { "ignored-bare-import": "silent" },
  logLevel: "warning",
  // Packages in CommonJS call require, which a module has not.
  banner: {
    js: "import{createRequire as __createRequire}from'node:module';const require=__createRequire(import.meta.url);",
  },
};

/** Bundles one entry into a folder of its own, as `index.mjs`; tells what went into it. */
const bundleEntry = async (name: string, folder: string): Promise<Metafile> => {
  rmSync(folder, { recursive: true, force: true });
  const { metafile } = await build({ ...options, entryPoints: { index: `${entries}${name}.ts` }, outdir: folder });
  return metafile;
};

/** Bundles every entry into a folder named after it. */
export const bundleAll = async (folder: string): Promise<ReadonlyMap<string, Metafile>> =>
  new Map(
    await Promise.all(entryNames.map(async (name) => [name, await bundleEntry(name, `${folder}/${name}`)] as const)),
  );
