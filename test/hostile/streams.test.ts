import { randomUUID } from "node:crypto";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { aHostileEdge, type HostileEdge } from "../support/hostile-edge.ts";
import { converse, type Conversation } from "../support/hostile-http.ts";
import { brokenStreams, oddStreams } from "../support/hostile-streams.ts";
import { aPatientBody } from "../support/http-edge.ts";

let edge: HostileEdge;
let authorization: string;
beforeAll(async () => {
  edge = await aHostileEdge();
  authorization = `Bearer ${await edge.token()}`;
});
afterAll(() => edge[Symbol.asyncDispose]());

const body = JSON.stringify(aPatientBody({ id: randomUUID() }));
const healthy = "GET /healthz HTTP/1.1\r\nHost: x\r\n";

const statusesOf = ({ answers }: Conversation): readonly number[] => answers.map(({ status }) => status);

/** Each answer to a broken stream says itself what was wrong, and that the connection ends. */
const expectProblems = ({ answers, rest }: Conversation): void => {
  expect(rest.toString("latin1")).toBe("");
  for (const { status, headers, body: text } of answers) {
    expect(headers).toMatchObject({ "content-type": "application/problem+json", connection: "close" });
    expect(JSON.parse(text.toString("utf8"))).toMatchObject({ status, code: expect.any(String) });
  }
};

// Filled in when it is sent: the titles are needed before there is a token.
const streams = brokenStreams({ authorization: ":authorization", body });

describe(`of ${streams.length} broken streams`, () => {
  // Side by side: after a broken body the server reads on for 2 s. None of them stores anything.
  test.concurrent.for(streams)(
    "%s is refused or cut, once, stores nothing, and others are served",
    async ([, { parts, ...how }, statuses]) => {
      const before = edge.written();
      const filled = parts.map((part) =>
        typeof part === "string" ? part.replaceAll(":authorization", authorization) : part,
      );
      const conversation = await converse(edge.port, { ...how, parts: filled });
      expect(statusesOf(conversation)).toEqual(statuses);
      expectProblems(conversation);
      expect(conversation.closed).toBe(true);
      expect(edge.written()).toBe(before);
      const after = await converse(edge.port, { parts: [`${healthy}Connection: close\r\n\r\n`] });
      expect(statusesOf(after)).toEqual([200]);
    },
  );
});

test.for(oddStreams)("%s: as many answers as requests, in order, and then the end", async ([, utterance, statuses]) => {
  const before = edge.written();
  const conversation = await converse(edge.port, utterance);
  expect(statusesOf(conversation)).toEqual(statuses);
  expect(conversation.rest.toString("latin1")).toBe("");
  expect(conversation.closed).toBe(true);
  expect(edge.written()).toBe(before);
});

test("none of it made the service throw, and no connection stays", async () => {
  expect(edge.counts.throws).toBe(0);
  expect(edge.lines.filter(({ event }) => event !== "request")).toEqual([]);
  await expect.poll(() => edge.connections(), { timeout: 20_000 }).toBe(0);
});
