import { brotliCompressSync, brotliDecompressSync, constants } from "node:zlib";
import type { OperationItem } from "./operation-item.ts";

/**
 * A row is written twice, the second time in a transaction, and each KB of it counts each time. Up to here a payload in
 * it is free, and spares an item of its own; the rest of the KB is for what the row gains while the payload is in it.
 */
const mostRowBytes = 1_000;

/** Longer ones are not tried: they do not fit, and would cost time. Bytes. */
const mostTried = 4_096;

/** Leaves up to a fifth less of a note than deflate does, as it knows common words. Takes about 1 ms. */
const brotli = (payload: Uint8Array): Uint8Array =>
  brotliCompressSync(payload, {
    params: {
      [constants.BROTLI_PARAM_QUALITY]: constants.BROTLI_MAX_QUALITY,
      [constants.BROTLI_PARAM_SIZE_HINT]: payload.length,
    },
  });

/** Bytes of an item with texts, numbers and binaries, as DynamoDB counts them (developer guide, "DynamoDB item sizes"). */
const itemBytes = (item: object): number =>
  Object.entries(item).reduce(
    (sum, [name, value]: [string, unknown]) => sum + Buffer.byteLength(name) + bytesOf(value),
    0,
  );

const bytesOf = (value: unknown): number => {
  if (typeof value === "string") return Buffer.byteLength(value);
  if (typeof value === "number") return Math.ceil(String(value).length / 2) + 1;
  if (value instanceof Uint8Array) return value.length;
  return 1;
};

/** The row with its payload in it, if that costs nothing; undefined when the payload has to lie apart. */
export const withPayload = (row: OperationItem, payload: Uint8Array): OperationItem | undefined => {
  if (payload.length > mostTried) return undefined;
  const full = { ...row, z: brotli(payload) };
  return itemBytes(full) <= mostRowBytes ? full : undefined;
};

/** The payload that a row holds. */
export const payloadIn = ({ z }: OperationItem): Uint8Array | undefined => z && brotliDecompressSync(z);
