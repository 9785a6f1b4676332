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

/** What a schema found wrong, without the values; unknown keys are named only where they look like field names. */
export const fileErrors = (error: z.ZodError): readonly FileError[] =>
  error.issues.flatMap((issue): readonly FileError[] => {
    if (issue.code !== "unrecognized_keys") return [errorAt(issue.path, issue.message)];
    return issue.keys.map((key) =>
      harmlessKey.test(key)
        ? errorAt([...issue.path, key], "is not a known field")
        : errorAt(issue.path, "has an unknown field"),
    );
  });

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
