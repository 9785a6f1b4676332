import { mkdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { inflateRawSync } from "node:zlib";

/** Signature and length of the record at an archive's end; its comment, which jars leave out, may follow. */
const endOfDirectory = Buffer.from("PK\x05\x06");
const entryBytes = 46;
const localHeaderBytes = 30;

/** Content of the entry whose local header is at `at`. */
const contentAt = (archive: Buffer, at: number, { method, size }: { method: number; size: number }): Buffer => {
  const start = at + localHeaderBytes + archive.readUInt16LE(at + 26) + archive.readUInt16LE(at + 28);
  const stored = archive.subarray(start, start + size);
  if (method === 0) return stored;
  if (method === 8) return inflateRawSync(stored);
  throw new Error(`a zip entry is compressed by method ${method}, which is not known here`);
};

/**
 * Writes the files of a zip archive whose names begin with `prefix` to a folder, which must trust the names
 * (APPNOTE.TXT 6.3.10, 4.3.12 and 4.3.16; no Zip64).
 */
export const unzip = (archive: Buffer, prefix: string, folder: string): void => {
  const end = archive.lastIndexOf(endOfDirectory);
  if (end < 0) throw new Error("this is no zip archive");
  const count = archive.readUInt16LE(end + 10);
  let at = archive.readUInt32LE(end + 16);
  for (let n = 0; n < count; n += 1) {
    const [nameBytes, extra, comment] = [28, 30, 32].map((field) => archive.readUInt16LE(at + field)) as [
      number,
      number,
      number,
    ];
    const name = archive.toString("utf8", at + entryBytes, at + entryBytes + nameBytes);
    if (name.startsWith(prefix) && !name.endsWith("/")) {
      const entry = { method: archive.readUInt16LE(at + 10), size: archive.readUInt32LE(at + 20) };
      const file = join(folder, name.slice(prefix.length));
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, contentAt(archive, archive.readUInt32LE(at + 42), entry));
    }
    at += entryBytes + nameBytes + extra + comment;
  }
};
