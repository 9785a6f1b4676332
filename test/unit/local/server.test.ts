import { randomUUID } from "node:crypto";
import { expect, test } from "vitest";
import { localServer } from "../../../infra/local/server.ts";
import { starting } from "../../../infra/local/starting.ts";
import { anHttpEvent } from "../../support/an-http-event.ts";

test("while the service starts a request is told when to come back", async () => {
  const awsRequestId = randomUUID();
  const answer = await starting(anHttpEvent("GET", "/v1/patients", { headers: {} }), {
    awsRequestId,
    getRemainingTimeInMillis: () => 29_000,
  });
  expect(answer).toMatchObject({ statusCode: 503, headers: { "retry-after": "1", "x-request-id": awsRequestId } });
  expect(JSON.parse(String(answer.body))).toMatchObject({ status: 503, code: "unavailable" });
});

test("a client has 10 s for the head of a request and 30 s for all of it", () => {
  const { server } = localServer({ entry: starting, log: () => undefined, now: Date.now, bodyLimit: () => 1 });
  const { headersTimeout, requestTimeout } = server;
  expect({ headersTimeout, requestTimeout }).toEqual({ headersTimeout: 10_000, requestTimeout: 30_000 });
});
