import { defineConfig } from "vitest/config";

export default defineConfig({
  root: new URL("../..", import.meta.url).pathname,
  test: {
    include: ["test/deploy/**/*.deploy.ts"],
    environment: "node",
    pool: "forks",
    maxWorkers: 1,
    globalSetup: ["test/support/temporary-folder.ts"],
    testTimeout: 90_000,
    hookTimeout: 240_000,
  },
});
