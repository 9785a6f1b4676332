import { defineConfig } from "vitest/config";

// oxlint-disable-next-line import/no-default-export -- vitest reads it
export default defineConfig({
  root: new URL("../..", import.meta.url).pathname,
  test: {
    include: ["test/localstack/**/*.localstack.ts"],
    environment: "node",
    pool: "forks",
    maxWorkers: 2,
    maxConcurrency: 4,
    globalSetup: ["test/support/localstack/global-setup.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    execArgv: ["--disable-warning=ExperimentalWarning"],
  },
});
