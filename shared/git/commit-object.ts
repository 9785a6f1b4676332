import { Fault } from "../errors.ts";
import { objectId, type GitObject } from "./objects.ts";
import type { Oid } from "./oid.ts";

/** Who wrote or committed, and when: seconds since the epoch, always shown in UTC. */
export interface Signature {
  readonly name: string;
  readonly email: string;
  readonly at: number;
}

export interface CommitFields {
  readonly tree: Oid;
  readonly parents: readonly Oid[];
  readonly author: Signature;
  readonly committer: Signature;
  readonly message: string;
  /** Armoured signature over the commit without it. */
  readonly signature?: string;
}

/** A commit as it was read. */
export interface Commit extends CommitFields {
  readonly oid: Oid;
}

/** Control characters and `<>` would end a header line or an address early; Git wants some name. */
const clean = (text: string): string => text.replaceAll(/[\u0000-\u001f\u007f<>]/g, "").trim() || "unknown";

const person = ({ name, email, at }: Signature): string => `${clean(name)} <${clean(email)}> ${at} +0000`;

/** The text of a commit, as `git cat-file commit` prints it. */
const commitText = (fields: CommitFields): string => {
  const { tree, parents, author, committer, message, signature } = fields;
  const lines = [`tree ${tree}`, ...parents.map((parent) => `parent ${parent}`)];
  lines.push(`author ${person(author)}`, `committer ${person(committer)}`);
  if (signature !== undefined) lines.push(`gpgsig ${signature.trimEnd().replaceAll("\n", "\n ")}`);
  return `${lines.join("\n")}\n\n${message.replaceAll("\0", "")}`;
};

/** A commit object. `sign` gets the commit's bytes without a signature and returns an armoured one (`gpgsig`). */
export const encodeCommit = (fields: CommitFields, sign?: (commit: Uint8Array) => string): GitObject => {
  const plain = Buffer.from(commitText(fields));
  const body = sign === undefined ? plain : Buffer.from(commitText({ ...fields, signature: sign(plain) }));
  return { type: "commit", oid: objectId("commit", body), body };
};

const personPattern = /^(.*) <(.*)> (\d+) [+-]\d{4}$/;

const parsePerson = (line: string): Signature => {
  const [, name, email, at] = personPattern.exec(line) ?? [];
  if (name === undefined || email === undefined) throw new Fault("damaged", "A commit names nobody.");
  return { name, email, at: Number(at) };
};

/** The fields of a commit's header, by name, in order; continued lines joined with a line feed. */
const headers = (text: string): [string, string][] => {
  const found: [string, string][] = [];
  for (const line of text.split("\n")) {
    const last = found.at(-1);
    if (line.startsWith(" ") && last !== undefined) last[1] += `\n${line.slice(1)}`;
    else found.push([line.slice(0, line.indexOf(" ")), line.slice(line.indexOf(" ") + 1)]);
  }
  return found;
};

/** Reads a commit's body. Throws Fault damaged. */
export const decodeCommit = (oid: Oid, body: Uint8Array): Commit => {
  const text = Buffer.from(body.buffer, body.byteOffset, body.length).toString();
  const end = text.indexOf("\n\n");
  const fields = headers(text.slice(0, end));
  const one = (name: string): string | undefined => fields.find(([key]) => key === name)?.[1];
  const tree = one("tree");
  if (end < 0 || tree === undefined) throw new Fault("damaged", "A commit is malformed.", { oid });
  const signature = one("gpgsig");
  return {
    oid,
    tree,
    parents: fields.filter(([key]) => key === "parent").map(([, value]) => value),
    author: parsePerson(one("author") ?? ""),
    committer: parsePerson(one("committer") ?? ""),
    message: text.slice(end + 2),
    ...(signature === undefined ? {} : { signature }),
  };
};
