import { describe, expect, test } from "vitest";
import { chanceFrom, idFrom } from "../../infra/local/sample/random.ts";
import { type Story, storyNumber } from "../../infra/local/sample/story.ts";
import { Refusal } from "../../shared/errors.ts";
import { checkPath } from "../../shared/git/names.ts";
import { readDemographics } from "../../shared/record/demographics-file.ts";
import { demographicsSchema } from "../../shared/record/demographics-schema.ts";

const stories: readonly Story[] = Array.from({ length: 400 }, (_, n) => storyNumber(n + 1));
const requests = stories.flatMap((story) => story.requests);
const createOf = (story: Story) => JSON.parse(story.requests[0]!.body) as Record<string, unknown>;

describe("the sample's stories", () => {
  test("are told the same way each time", () => {
    expect(storyNumber(7)).toEqual(storyNumber(7));
    expect(stories[0]?.patientId).toBe("b080dffe-e08e-872c-83eb-160c36dd7424");
  });

  test("are about different people with identifiers of their own", () => {
    const identifiers = stories.flatMap((story) => createOf(story)["identifiers"]);
    expect(new Set(stories.map(({ patientId }) => patientId)).size).toBe(400);
    expect(new Set(identifiers.map((one) => JSON.stringify(one))).size).toBe(identifiers.length);
    const names = stories.map((story) => JSON.stringify(createOf(story)["name"]));
    expect(new Set(names).size).toBeGreaterThan(390);
  });

  test("start with a create that the service takes, with the id that later requests use", () => {
    for (const story of stories) {
      const { id, ...demographics } = createOf(story);
      expect(id).toBe(story.patientId);
      expect(demographicsSchema.safeParse(demographics).success).toBe(true);
      expect(story.requests.slice(1).every(({ path }) => path.includes(story.patientId))).toBe(true);
    }
  });

  test("have a key of its own for every request, and a precondition where one is needed", () => {
    expect(new Set(requests.map(({ headers }) => headers["idempotency-key"])).size).toBe(requests.length);
    const files = requests.filter(({ method }) => method !== "POST");
    expect(files.every(({ headers }) => headers["if-match"] !== undefined || headers["if-none-match"] === "*")).toBe(
      true,
    );
  });

  test("write only valid demographics", () => {
    const written = requests.filter(({ path }) => path.endsWith("/demographics/patient.yaml"));
    expect(written.length).toBeGreaterThan(400);
    for (const { body } of written) expect(readDemographics(body)).not.toBeInstanceOf(Refusal);
  });

  test("write only to sound paths, and hardly any note twice", () => {
    const notes = requests.filter(({ path }) => /\/files\/notes\/\d{4}\//.test(path));
    for (const { path } of notes) checkPath(path.slice(path.indexOf("/files/") + 7));
    expect(new Set(notes.map(({ body }) => body)).size / notes.length).toBeGreaterThan(0.98);
  });

  test("are of different lengths, like lives", () => {
    const lengths = stories.map((story) => story.requests.length);
    expect(new Set(lengths).size).toBeGreaterThan(10);
    expect(requests.length / stories.length).toBeGreaterThan(8);
  });
});

const drawn = (seed: string): readonly number[] => {
  const chance = chanceFrom(seed);
  return Array.from({ length: 5 }, () => chance.whole(0, 1_000_000));
};

describe("seeded chance", () => {
  test("is the same for the same seed and another for another", () => {
    expect(drawn("a")).toEqual(drawn("a"));
    expect(drawn("a")).not.toEqual(drawn("b"));
  });

  test("is even, and stays in its bounds", () => {
    const chance = chanceFrom("dice");
    const seen = [0, 0, 0, 0, 0, 0];
    for (let n = 0; n < 6_000; n++) seen[chance.whole(1, 6) - 1]! += 1;
    expect(seen.reduce((sum, count) => sum + count)).toBe(6_000);
    expect(Math.min(...seen)).toBeGreaterThan(850);
    expect(chance.some([1, 2, 3, 4], 2)).toHaveLength(2);
  });

  test("makes ids that are UUIDs of version 8", () => {
    for (let n = 0; n < 100; n++) {
      expect(idFrom(`${n}`)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-8[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
    }
  });
});
