import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { type OperationItem, itemOf } from "../../functions/adapters/operation-item.ts";
import { payloadIn, withPayload } from "../../functions/adapters/row-payload.ts";
import { anOperation } from "../support/an-operation.ts";

/** As DynamoDB counts it: names and texts in UTF-8, numbers about half their digits and one. */
const sizeOf = (item: OperationItem): number =>
  Object.entries(item).reduce((sum, [name, value]) => {
    if (typeof value === "number") return sum + name.length + Math.ceil(String(value).length / 2) + 1;
    return sum + name.length + (typeof value === "string" ? Buffer.byteLength(value) : value.length);
  }, 0);

test("a payload is in its row as long as the row stays within 1 KB, and comes out as it was", () => {
  const row = itemOf(anOperation());
  const room = 1_024 - sizeOf(row);
  let largest = 0;
  for (let length = 0; length < 1_024; length += 8) {
    const payload = randomBytes(length);
    const whole = withPayload(row, payload);
    if (whole === undefined) continue;
    expect(sizeOf(whole)).toBeLessThanOrEqual(1_024);
    expect(Buffer.compare(payloadIn(whole)!, payload)).toBe(0);
    largest = length;
  }
  expect(largest).toBeGreaterThan(room - 40);
});

test("text is compressed: a note of a thousand characters is in its row", () => {
  const words = ["blood pressure", "measured", "sitting", "left arm", "reports", "no pain", "medication unchanged"];
  const content = Array.from({ length: 110 }, (_, n) => words[(n * n) % words.length]).join(" ");
  const payload = Buffer.from(JSON.stringify({ type: "PutFiles", changes: [{ put: "notes/a.md", content }] }));
  expect(payload.length).toBeGreaterThan(1_000);
  expect(payloadIn(withPayload(itemOf(anOperation()), payload)!)).toEqual(payload);
});

test("a payload that is far too long is not even tried", () => {
  expect(withPayload(itemOf(anOperation()), Buffer.alloc(10_000))).toBeUndefined();
});
