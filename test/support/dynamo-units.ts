import type { TableDefinition } from "../../functions/adapters/table-definitions.ts";

/** An item as the document client gives it. */
export type Item = Readonly<Record<string, unknown>>;

/** Units by table (`operations`) and index (`operations/byState`). */
export type Units = Readonly<Record<string, number>>;

const utf8 = (text: string): number => Buffer.byteLength(text);

/** One byte for two significant digits, one more, and one for a sign; zeros at both ends do not count. */
const numberSize = (value: number): number => {
  const digits = String(value)
    .replace(/e.*$/i, "")
    .replace(/[^0-9]/g, "")
    .replace(/^0+|0+$/g, "");
  return Math.ceil(digits.length / 2) + 1 + (value < 0 ? 1 : 0);
};

const valueSize = (value: unknown): number => {
  if (typeof value === "string") return utf8(value);
  if (typeof value === "number") return numberSize(value);
  if (typeof value === "boolean" || value === null) return 1;
  if (value instanceof Uint8Array) return value.byteLength;
  if (Array.isArray(value)) return 3 + value.reduce((sum: number, one) => sum + valueSize(one) + 1, 0);
  if (typeof value === "object") return 3 + itemSize(value as Item) + Object.keys(value).length;
  throw new Error(`no rule for the size of a ${typeof value}`);
};

/** Bytes of an item, names and values (DynamoDB developer guide, "DynamoDB item sizes and formats"). */
export const itemSize = (item: Item): number =>
  Object.entries(item).reduce((sum, [name, value]) => sum + utf8(name) + valueSize(value), 0);

const writeUnitBytes = 1_024;
const readUnitBytes = 4_096;

const writeUnitsOf = (bytes: number): number => Math.max(1, Math.ceil(bytes / writeUnitBytes));

/** Names of the key attributes of a table. */
export const keyNames = ({ partitionKey, sortKey }: TableDefinition): readonly string[] =>
  sortKey === undefined ? [partitionKey] : [partitionKey, sortKey];

type Index = TableDefinition["indexes"][number];

/** What an index holds of an item; undefined when the item lacks a key of the index. */
const entryOf = (table: TableDefinition, index: Index, item: Item | undefined): Item | undefined => {
  if (item?.[index.partitionKey] === undefined || item[index.sortKey] === undefined) return undefined;
  const names = new Set([...keyNames(table), index.partitionKey, index.sortKey, ...index.include]);
  return Object.fromEntries(Object.entries(item).filter(([name]) => names.has(name)));
};

const same = (a: unknown, b: unknown): boolean => JSON.stringify(a) === JSON.stringify(b);

/** A put, a delete, a change in place, both (when a key changed), or nothing (developer guide, "Using global secondary indexes"). */
const indexUnits = ({ partitionKey, sortKey }: Index, before: Item | undefined, after: Item | undefined): number => {
  if (!before) return after ? writeUnitsOf(itemSize(after)) : 0;
  if (!after) return writeUnitsOf(itemSize(before));
  if (!same(before[partitionKey], after[partitionKey]) || !same(before[sortKey], after[sortKey]))
    return writeUnitsOf(itemSize(before)) + writeUnitsOf(itemSize(after));
  const names = new Set([...Object.keys(before), ...Object.keys(after)]);
  const changed = [...names].some((name) => !same(before[name], after[name]));
  return changed ? writeUnitsOf(Math.max(itemSize(before), itemSize(after))) : 0;
};

export interface Written {
  readonly name: string;
  readonly table: TableDefinition;
  readonly before: Item | undefined;
  readonly after: Item | undefined;
  /** A transaction writes each item twice; its indexes follow after it and once. */
  readonly transactional: boolean;
}

/** Write request units of one write: of the larger of both sizes, and of each index that it changes. */
export const writeUnits = ({ name, table, before, after, transactional }: Written): Units => {
  const own = writeUnitsOf(Math.max(before ? itemSize(before) : 0, after ? itemSize(after) : 0));
  const units: Record<string, number> = { [name]: own * (transactional ? 2 : 1) };
  for (const index of table.indexes) {
    const ofIndex = indexUnits(index, entryOf(table, index, before), entryOf(table, index, after));
    if (ofIndex > 0) units[`${name}/${index.name}`] = ofIndex;
  }
  return units;
};

/** Read request units of so many bytes that are read together; nothing found costs as much as the least. */
export const readUnits = (bytes: number, consistent: boolean): number =>
  Math.max(1, Math.ceil(bytes / readUnitBytes)) * (consistent ? 1 : 0.5);

export const addUnits = (all: readonly Units[]): Units => {
  const sum: Record<string, number> = {};
  for (const units of all) for (const [name, count] of Object.entries(units)) sum[name] = (sum[name] ?? 0) + count;
  return sum;
};

/** Storage overhead of an item, and of an entry of an index, that is charged, bytes ("DynamoDB item sizes and formats"). */
const overheadBytes = 100;

/** Bytes that are charged by the month for an item and what the indexes hold of it. */
export const storedBytes = (table: TableDefinition, item: Item): number => {
  const entries = table.indexes.map((index) => entryOf(table, index, item));
  return [item, ...entries].reduce((sum, one) => sum + (one ? itemSize(one) + overheadBytes : 0), 0);
};
