import { expect, test } from "vitest";
import { pageOf } from "../../infra/local/sqlite/keyset.ts";

const of = { item: (row: number) => row, cursor: (row: number) => `after ${row}` };

test("a page has a next one only where a row is left, and says where that begins", () => {
  expect(pageOf([], 2, of)).toEqual({ items: [] });
  expect(pageOf([1], 2, of)).toEqual({ items: [1] });
  expect(pageOf([1, 2], 2, of)).toEqual({ items: [1, 2] });
  expect(pageOf([1, 2, 3], 2, of)).toEqual({ items: [1, 2], next: "after 2" });
});
