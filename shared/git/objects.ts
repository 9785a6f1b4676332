import { hash } from "node:crypto";
import { Fault } from "../errors.ts";
import type { Oid } from "./oid.ts";

export type ObjectType = "commit" | "tree" | "blob";

/** A Git object: its id and its content without Git's header. */
export interface GitObject {
  readonly type: ObjectType;
  readonly oid: Oid;
  readonly body: Uint8Array;
}

/** Room for the longest header: `commit ` + 10 digits + NUL. */
const headerRoom = 18;

/** A buffer for an object of `length` bytes: fill `body`, then take `id()`. Git hashes `<type> <length>\0` before the body. */
export const objectBuffer = (type: ObjectType, length: number): { body: Buffer; id: () => Oid } => {
  const header = `${type} ${length}\0`;
  // Slow: pooled memory would keep 8 KB alive for as long as a tree is cached.
  const whole = Buffer.allocUnsafeSlow(header.length + length);
  whole.write(header, 0, "latin1");
  return { body: whole.subarray(header.length), id: () => hash("sha1", whole) };
};

/** The id of an object, as `git hash-object -t <type>` prints it. */
export const objectId = (type: ObjectType, body: Uint8Array): Oid => {
  const whole = Buffer.allocUnsafe(headerRoom + body.length);
  const end = whole.write(`${type} ${body.length}\0`, 0, "latin1");
  whole.set(body, end);
  return hash("sha1", whole.subarray(0, end + body.length));
};

/** A blob of UTF-8 text. */
export const encodeBlob = (content: string): GitObject => {
  const { body, id } = objectBuffer("blob", Buffer.byteLength(content));
  body.write(content);
  return { type: "blob", oid: id(), body };
};

export interface TreeItem {
  readonly name: string;
  readonly folder: boolean;
  readonly oid: Oid;
}

/** Where an entry stands in Git's tree order: a folder sorts as if its name ended in a slash. */
export const treeKey = (name: string, folder: boolean): string => (folder ? `${name}/` : name);

/** Bytes of one tree entry: mode, name (ASCII), NUL, id. */
export const treeItemLength = (name: string, folder: boolean): number => (folder ? 27 : 28) + name.length;

/** Writes one tree entry at `at`; returns where it ends. Modes are 100644 and 40000 only. */
export const writeTreeItem = (into: Buffer, at: number, { name, folder, oid }: TreeItem): number => {
  const text = at + into.write(`${folder ? "40000" : "100644"} ${name}\0`, at, "latin1");
  return text + into.write(oid, text, 20, "hex");
};

/** A tree of items given in any order. */
export const encodeTree = (items: readonly TreeItem[]): GitObject => {
  const sorted = items
    .map((item) => ({ item, key: treeKey(item.name, item.folder) }))
    .toSorted((a, b) => (a.key < b.key ? -1 : 1));
  const { body, id } = objectBuffer(
    "tree",
    items.reduce((sum, { name, folder }) => sum + treeItemLength(name, folder), 0),
  );
  let at = 0;
  for (const { item } of sorted) at = writeTreeItem(body, at, item);
  return { type: "tree", oid: id(), body };
};

/** The entries of a tree, in its own order. Throws Fault damaged for anything but plain files and folders. */
export const decodeTree = (body: Uint8Array): TreeItem[] => {
  const bytes = Buffer.from(body.buffer, body.byteOffset, body.length);
  const items: TreeItem[] = [];
  for (let at = 0; at < bytes.length;) {
    const folder = bytes[at] === 0x34;
    const from = at + (folder ? 6 : 7);
    const nul = bytes.indexOf(0, from);
    if (nul < 0 || nul + 21 > bytes.length || bytes.toString("latin1", at, from) !== (folder ? "40000 " : "100644 ")) {
      throw new Fault("damaged", "A tree is malformed or has an entry that is neither file nor folder.");
    }
    items.push({ name: bytes.toString("latin1", from, nul), folder, oid: bytes.toString("hex", nul + 1, nul + 21) });
    at = nul + 21;
  }
  return items;
};
