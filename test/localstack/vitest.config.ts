import { defineConfig } from "vitest/config";
import { BaseSequencer, type TestSpecification } from "vitest/node";

/** The file that mostly waits, for longer than others take, begins first, so that they run beside it. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const [waiting = [], others = []] = [true, false].map((isLong) =>
      files.filter(({ moduleId }) => moduleId.includes("long-fault") === isLong),
    );
    return [...waiting, ...others];
  }
}

// oxlint-disable-next-line import/no-default-export -- vitest reads it
export default defineConfig({
  root: new URL("../..", import.meta.url).pathname,
  test: {
    include: ["test/localstack/**/*.localstack.ts"],
    environment: "node",
    pool: "forks",
    maxWorkers: 3,
    maxConcurrency: 6,
    sequence: { sequencer: LongestFirst },
    globalSetup: ["test/support/temporary-folder.ts", "test/support/localstack/global-setup.ts"],
    testTimeout: 120_000,
    hookTimeout: 120_000,
    execArgv: ["--disable-warning=ExperimentalWarning"],
  },
});
