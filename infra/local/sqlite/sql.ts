import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";

type Row = Record<string, SQLOutputValue>;

/** Statements that read. */
export interface Reader {
  /** The first row; the type of its columns is the caller's claim, held by the schema. */
  get<T extends Row>(statement: string, ...values: SQLInputValue[]): T | undefined;
  all<T extends Row>(statement: string, ...values: SQLInputValue[]): T[];
}

/** One connection's statements, prepared once each. */
export interface Sql extends Reader {
  /** Runs a statement and returns the number of rows it changed. */
  run(statement: string, ...values: SQLInputValue[]): number;
}

/** Statements of `db`, cached by their text: pass constants, or texts from a small closed set. */
export const sqlOf = (db: DatabaseSync): Sql => {
  const prepared = new Map<string, StatementSync>();
  const statement = (text: string): StatementSync => {
    const known = prepared.get(text);
    if (known) return known;
    const made = db.prepare(text);
    prepared.set(text, made);
    return made;
  };
  return {
    run: (text, ...values) => Number(statement(text).run(...values).changes),
    get: <T extends Row>(text: string, ...values: SQLInputValue[]) => statement(text).get(...values) as T | undefined,
    all: <T extends Row>(text: string, ...values: SQLInputValue[]) => statement(text).all(...values) as T[],
  };
};

/** SQLite's primary result code of an error thrown by node:sqlite (https://sqlite.org/rescode.html). */
export const resultCode = (error: unknown): number | undefined =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : undefined;

export const resultCodes = { busy: 5, readOnly: 8, corrupt: 11, cannotOpen: 14, notADatabase: 26 } as const;
