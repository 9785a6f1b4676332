import { type Document, Composer, isAlias, isMap, isScalar, isSeq, Lexer, Parser } from "yaml";

/** Deepest nesting of maps and lists. */
const maxDepth = 32;
/** Tokens that may be open at once while parsing: bounds the recursion of the composer. */
const maxOpenTokens = 3 * maxDepth;

/** Why a text is not plain YAML; `line` counts from 1. Quotes nothing of the text. */
interface YamlProblem {
  readonly problem: string;
  readonly line?: number;
}

export type YamlResult = { readonly value: unknown } | YamlProblem;

/** Thrown and caught in this file only: leaves the walk over the tree. */
class NotPlain extends Error {
  readonly offset: number | undefined;
  constructor(problem: string, offset?: number) {
    super(problem);
    this.offset = offset;
  }
}

const lineOf = (text: string, offset: number): number => {
  let line = 1;
  for (let at = text.indexOf("\n"); at !== -1 && at < offset; at = text.indexOf("\n", at + 1)) line += 1;
  return line;
};

/** Stops at the first sign of directives, several documents or deep nesting, before a tree is built. */
function* guardedTokens(text: string) {
  const parser = new Parser();
  for (const lexeme of new Lexer().lex(text)) {
    for (const token of parser.next(lexeme)) {
      if (token.type === "directive") throw new NotPlain("directives are not allowed", token.offset);
      yield token;
    }
    if (parser.stack.length > maxOpenTokens) throw new NotPlain("is nested too deeply", parser.offset);
  }
  yield* parser.end();
}

const compose = (text: string): Document.Parsed => {
  const composer = new Composer({
    version: "1.2",
    schema: "core",
    merge: false,
    strict: true,
    uniqueKeys: false, // checked in linear time below
    logLevel: "silent",
  });
  let only: Document.Parsed | undefined;
  for (const document of composer.compose(guardedTokens(text), true, text.length)) {
    if (only !== undefined) throw new NotPlain("holds more than one document", document.range[0]);
    only = document;
    const [error] = document.errors;
    if (error !== undefined) throw new NotPlain("is not well-formed YAML", error.pos[0]);
  }
  if (only === undefined) throw new NotPlain("is empty");
  return only;
};

interface Marked {
  readonly anchor?: string | undefined;
  readonly tag?: string | undefined;
  readonly range?: readonly [number, number, number] | null | undefined;
}

const refuseMarks = ({ anchor, tag, range }: Marked): void => {
  if (anchor !== undefined) throw new NotPlain("anchors are not allowed", range?.[0]);
  if (tag !== undefined) throw new NotPlain("tags are not allowed", range?.[0]);
};

const forbiddenKeys: ReadonlySet<unknown> = new Set(["__proto__", "constructor", "prototype", "<<"]);

const keyOf = (node: unknown, taken: ReadonlyMap<string, unknown>): string => {
  if (!isScalar(node) || typeof node.value !== "string") throw new NotPlain("keys must be text");
  refuseMarks(node);
  if (forbiddenKeys.has(node.value)) throw new NotPlain("uses a forbidden key", node.range?.[0]);
  if (taken.has(node.value)) throw new NotPlain("uses a key twice", node.range?.[0]);
  return node.value;
};

const plainValue = (node: unknown, depth: number): unknown => {
  if (node === null || node === undefined) return null;
  if (isAlias(node)) throw new NotPlain("aliases are not allowed", node.range?.[0]);
  if (isScalar(node)) {
    refuseMarks(node);
    return node.value;
  }
  if (depth >= maxDepth) throw new NotPlain("is nested too deeply");
  if (isSeq(node)) {
    refuseMarks(node);
    return node.items.map((item) => plainValue(item, depth + 1));
  }
  if (!isMap(node)) throw new NotPlain("is not plain YAML");
  refuseMarks(node);
  const entries = new Map<string, unknown>();
  for (const { key, value } of node.items) entries.set(keyOf(key, entries), plainValue(value, depth + 1));
  return Object.fromEntries(entries);
};

/**
 * The value of one YAML 1.2 document (core schema) of maps, lists and plain scalars: no directives, anchors, aliases, tags,
 * merge keys, repeated keys or `__proto__`; at most 32 levels deep and `maxLength` UTF-16 units long.
 */
export const readStrictYaml = (text: string, maxLength: number): YamlResult => {
  if (text.length > maxLength) return { problem: "is too large" };
  try {
    return { value: plainValue(compose(text).contents, 0) };
  } catch (error) {
    if (!(error instanceof NotPlain)) throw error;
    return { problem: error.message, ...(error.offset === undefined ? {} : { line: lineOf(text, error.offset) }) };
  }
};
