import { expect, test } from "vitest";
import { throwFields } from "../../functions/throw-fields.ts";

const secret = "what a caller sent";

/** V8 writes the stack when it is first asked for. */
const changedAfterwards = (error: Error): Error => Object.assign(error, { stack: error.stack, message: "said later" });

test.for([
  ["a message", new Error(secret)],
  ["a message with lines that look like places", new Error(`a\n    at ${secret}\n    at ${secret} (x.ts:1:1)`)],
  ["a message that was changed", changedAfterwards(new Error(`a\n    at ${secret}`))],
] as const)("%s is not told", ([, error]) => {
  expect(JSON.stringify(throwFields(error))).not.toContain(secret);
});

test("class, code and places are told", () => {
  const error = Object.assign(new RangeError(secret), { code: "E_TEST" });
  expect(throwFields(error)).toEqual({
    error: "RangeError",
    code: "E_TEST",
    stack: expect.stringMatching(/^ {4}at .*throw-fields\.test\.ts:\d+:\d+\)?(\n|$)/),
  });
});

test("of what is no error only the type is told", () => {
  expect(throwFields(secret)).toEqual({ error: "string" });
});
