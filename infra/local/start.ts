import { enableCompileCache } from "node:module";
import { fileURLToPath } from "node:url";

// Stripping types and compiling is most of a start, and a third of its memory: it is done once, for the members too.
const cacheFolder = fileURLToPath(new URL("../../.cache/compile", import.meta.url));
enableCompileCache(cacheFolder);
process.env["NODE_COMPILE_CACHE"] = cacheFolder;

const { runService } = await import("./run-service.ts");
await runService();
