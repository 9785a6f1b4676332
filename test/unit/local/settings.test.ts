import { describe, expect, test } from "vitest";
import { readSettings, SettingsError } from "../../../infra/local/settings.ts";

const problemsOf = (environment: Record<string, string>, args: readonly string[] = []): readonly string[] => {
  try {
    readSettings(environment, args);
  } catch (cause) {
    if (cause instanceof SettingsError) return cause.problems;
    throw cause;
  }
  return [];
};

describe("settings", () => {
  test("have a default for everything", () => {
    const settings = readSettings({}, []);
    expect(settings).toMatchObject({ host: "127.0.0.1", port: 8080, aws: undefined, workers: 1 });
    expect(settings.data).toMatch(/\/\.casenotes$/);
  });

  test("name all their problems at once, and no value", () => {
    const problems = problemsOf(
      { PORT: "secret-1", HOST: "0.0.0.0", CASENOTES_ENGINE: "secret-2", CASENOTES_FAULT_POINT: "secret-3" },
      ["--workers", "many"],
    );
    expect(problems).toHaveLength(5);
    expect(problems.join()).not.toMatch(/secret|many/);
  });

  test.for([
    [{ PORT: "65536" }, [], /PORT/],
    [{ PORT: "-1" }, [], /PORT/],
    [{ CASENOTES_FAULT_POINT: "after-payload:0" }, [], /CASENOTES_FAULT_POINT/],
    [{ CASENOTES_BASE_URL: "ftp://x" }, [], /CASENOTES_BASE_URL/],
    [{}, ["--workers", "65"], /--workers/],
    [{}, ["--tls-key", "key.pem"], /belong together/],
    [{}, ["--frobnicate"], /flags/],
  ] as const)("%j %j is refused", ([environment, args, problem]) => {
    expect(problemsOf(environment, args)).toEqual([expect.stringMatching(problem)]);
  });

  test.for([
    ["0.0.0.0", [], false],
    ["192.0.2.1", [], false],
    ["::", [], false],
    ["127.0.0.1.example.org", [], false],
    ["0.0.0.0", ["--behind-proxy"], true],
    ["0.0.0.0", ["--tls-key", "k", "--tls-cert", "c"], true],
    ["127.0.0.2", [], true],
    ["::1", [], true],
    ["localhost", [], true],
  ] as const)("let HOST=%s with %j: %s", ([host, args, allowed]) => {
    expect(problemsOf({ HOST: host }, args).length === 0).toBe(allowed);
  });

  test("of the AWS engine name each table, queue and bucket that is not given", () => {
    const problems = problemsOf(
      { CASENOTES_ENGINE: "aws", CASENOTES_TABLE_HEADS: "heads", AWS_ENDPOINT_URL: "here" },
      [],
    );
    expect(problems.map((problem) => problem.split(" ")[0])).toEqual([
      "AWS_ENDPOINT_URL",
      "CASENOTES_TABLE_OPERATIONS",
      "CASENOTES_TABLE_PAYLOADS",
      "CASENOTES_TABLE_EFFECTS",
      "CASENOTES_TABLE_SUMMARIES",
      "CASENOTES_TABLE_IDENTIFIERS",
      "CASENOTES_BUCKET",
      "CASENOTES_QUEUE_URL",
      "CASENOTES_DEAD_LETTER_QUEUE_URL",
    ]);
  });

  test("arm a fault point with a count", () => {
    expect(readSettings({ CASENOTES_FAULT_POINT: "after-settle:3" }, []).fault).toEqual({
      point: "after-settle",
      count: 3,
    });
    expect(readSettings({ CASENOTES_FAULT_POINT: "after-settle" }, []).fault?.count).toBe(1);
  });
});
