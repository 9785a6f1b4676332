import type { z } from "zod";
import { Refusal } from "../errors.ts";
import { readStrictYaml } from "./strict-yaml.ts";

/** One thing wrong with a file. Names a field or a line, never quotes a value. */
export interface FileError {
  readonly field?: string;
  readonly line?: number;
  readonly problem: string;
}

const maxErrors = 10;

const described = ({ field, line, problem }: FileError): string => {
  if (field !== undefined) return `${field}: ${problem}`;
  return line === undefined ? problem : `line ${line}: ${problem}`;
};

/** Refusal invalid-record: says what is wrong in the file at `path`, ten errors at most. */
export const invalidRecord = (path: string, errors: readonly FileError[]): Refusal => {
  const first = errors[0] ?? { problem: "is not valid" };
  return new Refusal("invalid-record", `${path} is not valid: ${described(first)}`, {
    path,
    errors: errors.slice(0, maxErrors),
  });
};

const harmlessKey = /^[A-Za-z_][A-Za-z0-9_]{0,40}$/;

const fieldOf = (path: readonly PropertyKey[]): string =>
  path
    .map((part) => (typeof part === "number" ? `[${part}]` : `.${String(part)}`))
    .join("")
    .replace(/^\./, "");

const errorAt = (path: readonly PropertyKey[], problem: string): FileError =>
  path.length === 0 ? { problem } : { field: fieldOf(path), problem };

const unknownKeys = (path: readonly PropertyKey[], keys: readonly string[]): readonly FileError[] =>
  keys.map((key) =>
    harmlessKey.test(key) ? errorAt([...path, key], "is not a known field") : errorAt(path, "has an unknown field"),
  );

/** What zod says of a union that gives no reason itself: then its nearest branch has the reason. */
const unexplained = "Invalid input";

type Issues = readonly z.core.$ZodIssue[];

/** How many keys keep a value from being this branch. */
const distance = (issues: Issues): number =>
  issues.reduce((sum, issue) => sum + (issue.code === "unrecognized_keys" ? issue.keys.length : 1), 0);

const nearest = (branches: readonly Issues[]): Issues =>
  branches.reduce((best, branch) => (distance(branch) < distance(best) ? branch : best));

const errorsOf = (issues: Issues, parent: readonly PropertyKey[]): readonly FileError[] =>
  issues.flatMap((issue): readonly FileError[] => {
    const path = [...parent, ...issue.path];
    if (issue.code === "unrecognized_keys") return unknownKeys(path, issue.keys);
    if (issue.code === "invalid_union" && issue.message === unexplained && issue.errors.length > 0)
      return errorsOf(nearest(issue.errors), path);
    return [errorAt(path, issue.message)];
  });

/** What a schema found wrong, without the values; unknown keys are named only where they look like field names. */
export const fileErrors = (error: z.ZodError): readonly FileError[] => errorsOf(error.issues, []);

export interface FileRules<T> {
  readonly path: string;
  readonly schema: z.ZodType<T>;
  readonly maxLength: number;
}

/** The valid content of a managed file, or Refusal invalid-record. */
export const readManagedFile = <T>(text: string, { path, schema, maxLength }: FileRules<T>): T | Refusal => {
  const yaml = readStrictYaml(text, maxLength);
  if (!("value" in yaml)) return invalidRecord(path, [yaml]);
  const parsed = schema.safeParse(yaml.value);
  return parsed.success ? parsed.data : invalidRecord(path, fileErrors(parsed.error));
};
