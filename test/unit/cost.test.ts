import { spawnSync } from "node:child_process";
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, describe, expect, test } from "vitest";
import { readArguments, type Workload } from "../../infra/aws/cost/arguments.ts";
import { UsageError } from "../../infra/local/read-flags.ts";
import {
  forPatients,
  forStage,
  forUpdates,
  priced,
  requestsPerUpdate,
  storagePerUpdate,
} from "../../infra/aws/cost/bill.ts";
import { dollars, ownPrices, readPrices } from "../../infra/aws/cost/prices.ts";
import { billOf, billText, goalText } from "../../infra/aws/cost/report.ts";
import { readCounts, type RequestCounts } from "../../infra/aws/cost/request-counts.ts";
import { countedSection, squeezed, writtenSection } from "../support/cost-docs.ts";

const folder = mkdtempSync(join(tmpdir(), "casenotes-cost-"));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const aWorkload = (over: Partial<Workload> = {}): Workload => ({
  updates: 1e6,
  batch: 1,
  patients: 0,
  history: 0,
  readsPerUpdate: 0,
  polls: 0,
  traced: false,
  ...over,
});

const nothing = { requests: {}, writeUnits: {}, readUnits: {} };

/** Two updates to a seal; of each: 3 write units, 2 read units, a PUT, half a GET, two messages. */
const aCycle = {
  updates: 2,
  requests: { PutObject: 2, GetObject: 1, SendMessage: 2, ReceiveMessage: 2, DeleteObjects: 7 },
  writeUnits: { operations: 4, "operations/byState": 2 },
  readUnits: { heads: 4 },
  putBytesPerUpdate: 0,
  keptBytesPerUpdate: 0,
  operationBytes: 0,
  patientBytes: 0,
};

const someCounts = (over: Partial<RequestCounts> = {}): RequestCounts => ({
  "from seal to seal, batch 1": aCycle,
  "from seal to seal, batch 10": aCycle,
  "compaction of 17 segments": nothing,
  "sweep of an idle minute": nothing,
  "collect and compact, of a patient at rest": nothing,
  "read of a file": nothing,
  ...over,
});

const prices = readPrices(ownPrices);

const run = (...args: string[]) =>
  spawnSync(process.execPath, ["--disable-warning=ExperimentalWarning", "infra/aws/cost.ts", ...args], {
    encoding: "utf8",
  });

/** What updates cost that costs the same for each: what is asked of KMS and X-Ray does not. */
const proportional = (updates: number): number => {
  const { kmsRequests, traces, ...units } = forUpdates(readCounts(), aWorkload({ updates, traced: true }));
  expect([kmsRequests, traces].every((count) => (count ?? 0) > 0)).toBe(true);
  return priced(prices, units);
};

describe("the units of an update", () => {
  test("are those from seal to seal, shared among its updates", () => {
    expect(requestsPerUpdate(someCounts(), aWorkload())).toEqual({
      dynamoWriteUnits: 3,
      dynamoReadUnits: 2,
      s3Puts: 1,
      s3Gets: 0.5,
      sqsRequests: 2,
    });
  });

  test("hold its share of a compaction, one in sixteen seals", () => {
    const counts = someCounts({
      "compaction of 17 segments": { ...nothing, requests: { GetObject: 17, PutObject: 1 } },
    });
    expect(requestsPerUpdate(counts, aWorkload())).toMatchObject({ s3Puts: 1 + 1 / 32, s3Gets: 0.5 + 17 / 32 });
  });

  test("hold a consistent read for each poll of a client that waits", () => {
    expect(requestsPerUpdate(someCounts(), aWorkload({ polls: 3 }))).toMatchObject({ dynamoReadUnits: 5 });
  });

  test("hold storage of what it leaves, and of the tails it replaced for the 40 days that they are kept", () => {
    const gb = 2 ** 30;
    const cycle = { ...aCycle, operationBytes: gb, putBytesPerUpdate: 4 * gb, keptBytesPerUpdate: gb };
    const { dynamoStorage, dynamoRecovery, s3Storage } = storagePerUpdate(
      someCounts({ "from seal to seal, batch 1": cycle }),
      1,
    );
    expect([dynamoStorage, dynamoRecovery]).toEqual([1, 1]);
    expect(s3Storage).toBeCloseTo(1 + (3 * 40) / 30.4375);
  });
});

describe("a month", () => {
  test("of no updates has none", () => {
    expect(forUpdates(readCounts(), aWorkload({ updates: 0 }))).toEqual({});
  });

  test("of twice the updates costs twice as much, but for keys and traces", () => {
    expect(proportional(4e6)).toBeCloseTo(2 * proportional(2e6));
  });

  test("of a stage at rest has five long polls of 20 s for each of two queues", () => {
    expect(forStage(someCounts()).sqsRequests).toBe((10 * 30.4375 * 86_400) / 20);
  });

  test("looks at each head once a day for garbage and once for packs, and lists segments in one day of thirty", () => {
    const counts = someCounts({
      "collect and compact, of a patient at rest": {
        ...nothing,
        requests: { ListObjectsV2: 1 },
        readUnits: { heads: 2 },
      },
    });
    const { s3Puts, dynamoReadUnits } = forPatients(counts, aWorkload({ patients: 100 }));
    expect(s3Puts).toBeCloseTo(3_043.75 / 30);
    expect(dynamoReadUnits).toBeCloseTo(2 * 3_043.75);
  });

  test("lists the segments of a patient that changes on each day that it does, however often", () => {
    const [none, few, many] = [
      aWorkload({ updates: 10 }),
      aWorkload({ updates: 10, patients: 100 }),
      aWorkload({ patients: 100 }),
    ].map((workload) => forUpdates(someCounts(), workload).s3Puts ?? 0);
    // One PUT an update, and the visits.
    expect([none, few, many]).toEqual([10, 20, expect.closeTo(1e6 + 3_043.75)]);
  });

  test("pays for traces only in a stage that traces: at most one an invocation", () => {
    const traces = (traced: boolean) => forUpdates(someCounts(), aWorkload({ traced })).traces;
    expect([traces(false), traces(true)]).toEqual([undefined, 3e6]);
    expect(forStage(someCounts()).traces).toBeUndefined();
    expect(forStage(someCounts(), { traced: true }).traces).toBeCloseTo(43_830);
  });

  test("is in all what its parts are", () => {
    const { sections, usd } = billOf(
      readCounts(),
      prices,
      aWorkload({ patients: 1e6, history: 10, readsPerUpdate: 2 }),
    );
    const lines = sections.flatMap((section) => section.lines);
    expect(lines.reduce((sum, line) => sum + line.usd, 0)).toBeCloseTo(usd);
  });
});

describe("the text", () => {
  test("says first of where and when the prices are, then what a million updates cost and what that leaves out", () => {
    const lines = billText(billOf(someCounts(), prices, aWorkload())).split("\n");
    expect(lines[0]).toMatch(/^Prices of us-east-1, \d{4}-\d\d-\d\d, .*--region-prices FILE\.$/);
    // 3 write units, 2 read units, a PUT and half a GET a million times.
    expect(lines[2]).toMatch(/batch {2}1: \$7\.33 \(requests \$7\.33, a month of storage \$0\.00\)$/);
    expect(lines[3]).toMatch(/batch 10: \$7\.33 \(requests \$7\.33, a month of storage \$0\.00\)$/);
    expect(lines[4]).toContain("leave out: polls, reads of files, and a daily visit");
  });

  test("leaves out of that what it says, and nothing else", () => {
    const counts = readCounts();
    const { goals, sections } = billOf(counts, prices, aWorkload());
    const bought = sections[0]!.lines.filter(({ service }) => service === "DynamoDB" || service === "S3");
    const [{ requestsUsd, storageUsd }] = goals as [(typeof goals)[number]];
    expect(bought.reduce((sum, { usd }) => sum + usd, 0)).toBeCloseTo(requestsUsd + storageUsd);
  });

  test("groups the digits of large sums", () => {
    expect(billText(billOf(readCounts(), prices, aWorkload({ updates: 1e9 })))).toMatch(
      /in all: \$\d\d,\d{3}\.\d\d a month/,
    );
  });

  test("of a goal, for docs/performance.md, says whether it is met or missed", () => {
    const { goals } = billOf(someCounts(), prices, aWorkload());
    expect(goals.map(goalText)).toEqual([
      expect.stringMatching(/goal \$9\.00: met$/),
      expect.stringMatching(/goal \$3\.00: missed$/),
    ]);
  });
});

test("docs/performance.md shows what was counted", () => {
  expect(writtenSection()).toBe(squeezed(countedSection()));
});

describe("the table of prices", () => {
  test("names for each price a page of AWS and where the figure was checked", () => {
    for (const { page, checked } of Object.values(prices.prices)) {
      expect(page).toMatch(/^https:\/\/aws\.amazon\.com\/.*pricing\//);
      expect(checked.length).toBeGreaterThan(0);
    }
  });

  test("prices units as AWS writes them", () => {
    expect(dollars(prices, "dynamoWriteUnits", 2e6)).toBeCloseTo(1.25);
    expect(dollars(prices, "s3Puts", 1e6)).toBeCloseTo(5);
    expect(dollars(prices, "lambdaGbSeconds", 1)).toBeCloseTo(0.0000133334, 12);
  });
});

describe("the command line", () => {
  test("takes numbers as people write them", () => {
    expect(readArguments(["--updates", "2.5e6", "--patients", "100", "--batch", "10"])).toMatchObject({
      workload: { updates: 2_500_000, patients: 100, batch: 10 },
    });
  });

  test.for([
    ["--batch", "3"],
    ["--updates", "many"],
    ["--updates", "-1"],
    ["--updates", "1e99"],
    ["--polls", ""],
    ["--unknown"],
    ["stray"],
  ])("refuses %j", (args) => {
    expect(() => readArguments(args)).toThrow(UsageError);
  });

  test("refuses a bill beyond sense, also one whose numbers each are within it", () => {
    expect(() => readArguments(["--updates", "1e13"])).toThrow("a number from 0 to 1e12");
    const { status, stdout, stderr } = run("--patients", "1e12", "--history", "1e12");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("a trillion dollars");
  });

  test("ends with 2 and its usage when the flags are wrong", () => {
    const { status, stdout, stderr } = run("--batch", "3");
    expect({ status, stdout }).toEqual({ status: 2, stdout: "" });
    expect(stderr).toContain("npm run -s cost -- [flags]");
  });

  test("computes with another table of prices, and says what is wrong with one", () => {
    const table = JSON.parse(readFileSync(ownPrices, "utf8"));
    const doubled = join(folder, "doubled.json");
    table.region = "eu-central-1";
    for (const price of Object.values(table.prices) as { usd: number }[]) price.usd *= 2;
    writeFileSync(doubled, JSON.stringify(table));
    const [own, other] = [run("--json"), run("--json", "--region-prices", doubled)].map(({ stdout }) =>
      JSON.parse(stdout),
    );
    expect(other.region).toBe("eu-central-1");
    expect(other.usd).toBeCloseTo(2 * own.usd);
    delete table.prices.s3Puts;
    writeFileSync(doubled, JSON.stringify(table));
    const { status, stderr } = run("--region-prices", doubled);
    expect(status).toBe(2);
    expect(stderr).toContain("s3Puts");
  });
});
