import { assert, constantFrom, jsonValue, pre, property } from "fast-check";
import { describe, expect, test } from "vitest";
import { Refusal } from "../../shared/errors.ts";
import { string } from "zod";
import type { HttpEvent } from "../../functions/http/exchange.ts";
import { readJson } from "../../functions/http/json-body.ts";
import { parseStrictJson } from "../../functions/http/strict-json.ts";

const outcome = (text: string): unknown => {
  try {
    return { value: parseStrictJson(text) };
  } catch (cause) {
    if (cause instanceof Refusal) return cause.code;
    throw cause;
  }
};

test("a JSON body that is not UTF-8 is malformed, as bytes and as text", () => {
  const headers = { "content-type": "application/json" };
  for (const sent of [
    { body: Buffer.from([0x22, 0xff, 0x22]).toString("base64"), isBase64Encoded: true },
    { body: '"\ud800"', isBase64Encoded: false },
  ])
    expect(() => readJson({ headers, ...sent } as unknown as HttpEvent, string())).toThrow(
      expect.objectContaining({ code: "malformed-json", message: "The body is not UTF-8." }),
    );
});

const nested = (depth: number, open: string, close: string, inner = "1"): string =>
  open.repeat(depth) + inner + close.repeat(depth);

describe("strict JSON", () => {
  test.for<readonly [title: string, text: string]>([
    ["nothing", ""],
    ["half an object", '{"a":1'],
    ["two values", "1 2"],
    ["a comment", "{} // x"],
    ["NaN", "NaN"],
    ["a byte order mark", "\ufeff{}"],
    ["a key twice", '{"a":1,"a":1}'],
    ["a key twice, once escaped", '{"a":1,"\\u0061":2}'],
    ["a key twice, deep inside", '[{"x":{"b":[],"c":{},"b":1}}]'],
    ["__proto__", '{"__proto__":{"admin":true}}'],
    ["__proto__ in escapes", '{"\\u005f_proto__":1}'],
    ["constructor", '{"a":[{"constructor":{"prototype":{}}}]}'],
    ["a lone high surrogate", '{"a":"\\ud800"}'],
    ["a lone low surrogate", '["\\udc00x"]'],
    ["a lone surrogate in a key", '{"\\ud800":1}'],
    ["33 levels of lists", nested(33, "[", "]")],
    ["33 levels of objects", nested(33, '{"a":', "}")],
    ["100,000 levels", nested(100_000, "[", "]")],
  ])("refuses %s", ([, text]) => {
    expect(outcome(text)).toBe("malformed-json");
  });

  test.for<readonly [title: string, text: string]>([
    ["32 levels", nested(32, "[", "]")],
    ["the same key in two objects", '[{"a":1},{"a":2},{"b":{"a":3}}]'],
    ["a key that is a value too", '{"a":"a","b":"a"}'],
    ["brackets and quotes inside text", '{"a":"}{][\\"b\\":","b":"\\\\"}'],
    ["a pair of surrogates", '"\\ud83d\\ude00"'],
    ["proto-like values", '["__proto__","constructor"]'],
    ["white space before colons", '{"a" \n:1, "b"\t:2}'],
  ])("takes %s", ([, text]) => {
    expect(outcome(text)).toEqual({ value: JSON.parse(text) });
  });

  test("reads every document that JSON.stringify writes of plain values as JSON.parse does", () => {
    const plain = jsonValue({ maxDepth: 6 }).filter(
      (value) => !/"(__proto__|constructor)":/.test(JSON.stringify(value)),
    );
    assert(
      property(plain, constantFrom(0, 1), (value, indent) => {
        const text = JSON.stringify(value, undefined, indent);
        pre(text.isWellFormed() && !/\\ud[89a-f]/i.test(text));
        expect(outcome(text)).toEqual({ value: JSON.parse(text) });
      }),
    );
  });

  test("decides on 256 KiB of anything before the time-out: no quadratic reading", { timeout: 10_000 }, () => {
    const size = 256 * 1024;
    for (const text of [
      "[".repeat(size),
      `"${"\\".repeat(size)}"`,
      `"${'\\"'.repeat(size / 2)}`,
      `["${"a".repeat(size)}"]`,
      '{"a":'.repeat(size / 5),
    ]) {
      expect(outcome(text)).toBeDefined();
    }
  });
});
