import { expect, test } from "vitest";
import { appliedPreferences, readPreferences } from "../../functions/http/prefer.ts";

const none = { wait: undefined, respondAsync: false, representation: false };

test.for<readonly [header: string | undefined, over: Partial<ReturnType<typeof readPreferences>>]>([
  [undefined, {}],
  ["wait=25", { wait: 25 }],
  ["wait=5, wait=9", { wait: 5 }],
  ["wait=5, wait=soon", { wait: 5 }],
  ['WAIT = "5" ; why=x', { wait: 5 }],
  ['note="a, wait=7, b", wait=3', { wait: 3 }],
  ["handling=lenient, Respond-Async", { respondAsync: true }],
  ["wait=0, respond-async", { wait: 0, respondAsync: true }],
  ['Return="Representation"', { representation: true }],
  ["return=minimal, return=representation", {}],
] as const)("Prefer: %s is read as RFC 7240 says", ([header, over]) => {
  expect(readPreferences(header)).toEqual({ ...none, ...over });
});

test.for(["wait", "wait=26", "wait=100", "wait=-1", "wait=1.5", "wait=soon, wait=5"])(
  "Prefer: %s is refused: a wait is 0 to 25",
  (header) => {
    expect(() => readPreferences(header)).toThrow(/^Prefer: wait is a whole number of seconds from 0 to 25\.$/u);
  },
);

test("Preference-Applied names what is done, and nothing where nothing was asked for", () => {
  expect(appliedPreferences(none)).toEqual({});
  expect(appliedPreferences({ ...none, wait: 0 })).toEqual({ "preference-applied": "wait=0" });
  expect(appliedPreferences({ ...none, respondAsync: true })).toEqual({ "preference-applied": "respond-async" });
  // Who waits is not answered asynchronously.
  expect(appliedPreferences({ ...none, wait: 5, respondAsync: true }, true)).toEqual({
    "preference-applied": "wait=5, return=representation",
  });
});
