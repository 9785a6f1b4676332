import { Refusal } from "../../shared/errors.ts";

/** Deepest nesting of objects and arrays. */
export const maxJsonDepth = 32;

const malformed = (detail: string): Refusal => new Refusal("malformed-json", detail);
const forbidden: ReadonlySet<string> = new Set(["__proto__", "constructor"]);

/**
 * The value of a JSON text (RFC 8259) that any two parsers read alike: no duplicate keys, no lone surrogates, no key that
 * reaches for a prototype, at most 32 levels. Throws Refusal malformed-json, which quotes nothing of the text.
 */
export const parseStrictJson = (text: string): unknown => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    if (!(cause instanceof SyntaxError)) throw cause;
    throw malformed("The body is not valid JSON.");
  }
  checkTokens(text);
  return value;
};

const tokens = /"[^"\\]*(?:\\.[^"\\]*)*"(?<key>\s*:)?|[[\]{}]/g;

/** Walks over the strings and brackets of a text that is known to be JSON. */
const checkTokens = (text: string): void => {
  const open: (Set<string> | null)[] = [];
  for (const match of text.matchAll(tokens)) {
    const [token] = match;
    const first = token[0];
    if (first === '"') checkString(token, match.groups?.["key"], open.at(-1));
    else if (first === "]" || first === "}") open.pop();
    else if (open.push(first === "{" ? new Set() : null) > maxJsonDepth)
      throw malformed(`The body is nested deeper than ${maxJsonDepth} levels.`);
  }
};

const checkString = (token: string, colon: string | undefined, keys: Set<string> | null | undefined): void => {
  const quoted = colon === undefined ? token : token.slice(0, -colon.length);
  const string: string = quoted.includes("\\") ? JSON.parse(quoted) : quoted.slice(1, -1);
  if (!string.isWellFormed()) throw malformed("The body has a lone surrogate, which is not a character.");
  if (colon === undefined || !keys) return;
  if (forbidden.has(string)) throw malformed(`The key ${string} is not allowed.`);
  if (keys.has(string)) throw malformed("The body has an object with the same key twice.");
  keys.add(string);
};
