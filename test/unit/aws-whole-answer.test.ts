import { describe, expect, test } from "vitest";
import { wholeAnswer } from "../../infra/aws/whole-answer.ts";

const streamingUrl = "https://clones.example.org/";
const headers = { "content-type": "application/x-git-upload-pack-result" };

/** Chunks of 100 kB, and how many of them were asked for. */
const aStream = (chunks: number) => {
  const seen = { given: 0, ended: false };
  async function* body(): AsyncGenerator<Uint8Array> {
    try {
      for (; seen.given < chunks; seen.given += 1) yield new Uint8Array(100_000).fill(seen.given);
    } finally {
      seen.ended = true;
    }
  }
  return { seen, body: body() };
};

const bytesOf = (body: string | undefined): Buffer => Buffer.from(body ?? "", "base64");

describe("an answer at the gateway", () => {
  test("that is text goes as it is", async () => {
    expect(await wholeAnswer({ statusCode: 401, headers, body: "no" }, streamingUrl)).toEqual({
      statusCode: 401,
      headers,
      body: "no",
    });
  });

  test("that is bytes is base64, with its own status and headers", async () => {
    const answer = await wholeAnswer({ statusCode: 200, headers, body: Buffer.from([0, 255, 10]) }, streamingUrl);
    expect(answer).toEqual({ statusCode: 200, headers, body: "AP8K", isBase64Encoded: true });
  });

  test("that comes in parts is put together in their order", async () => {
    const { body, seen } = aStream(44);
    const answer = await wholeAnswer({ statusCode: 200, headers, body }, streamingUrl);
    const bytes = bytesOf(answer.body);
    expect([bytes.length, bytes[0], bytes[100_000], bytes[4_399_999]]).toEqual([4_400_000, 0, 1, 43]);
    expect(seen.ended).toBe(true);
  });

  test("fits in the 6 MB that Lambda answers with, base64 and headers included", async () => {
    const { body } = aStream(44);
    const answer = await wholeAnswer({ statusCode: 200, headers, body }, streamingUrl);
    expect(JSON.stringify(answer).length).toBeLessThan(6_000_000);
  });

  test("that is larger is refused with the address that streams, and read no further", async () => {
    const { body, seen } = aStream(1_000);
    const answer = await wholeAnswer({ statusCode: 200, headers, body }, streamingUrl);
    expect(answer).toMatchObject({
      statusCode: 413,
      headers: { "content-type": "application/problem+json", "cache-control": "no-store" },
    });
    const problem = JSON.parse(answer.body ?? "");
    expect(problem).toMatchObject({ status: 413, code: "payload-too-large" });
    expect(problem.detail).toContain(streamingUrl);
    expect(seen).toEqual({ given: 44, ended: true });
  });
});
