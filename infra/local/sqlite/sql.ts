import type { DatabaseSync, SQLInputValue, SQLOutputValue, StatementSync } from "node:sqlite";

type Row = Record<string, SQLOutputValue>;

/** Statements that read. */
export interface Reader {
  /** The first row; the type of its columns is the caller's claim, held by the schema. */
  get<T extends Row>(statement: string, ...values: SQLInputValue[]): T | undefined;
  all<T extends Row>(statement: string, ...values: SQLInputValue[]): T[];
  /** Rows without the names of their columns, which cost more than the values of a wide row. */
  tuples<T extends readonly SQLOutputValue[]>(statement: string, ...values: SQLInputValue[]): T[];
}

/** One connection's statements, prepared once each. */
export interface Sql extends Reader {
  /** Runs a statement and returns the number of rows it changed. */
  run(statement: string, ...values: SQLInputValue[]): number;
}

const preparing = (db: DatabaseSync, configure: (made: StatementSync) => void) => {
  const prepared = new Map<string, StatementSync>();
  return (text: string): StatementSync => {
    const known = prepared.get(text);
    if (known) return known;
    const made = db.prepare(text);
    configure(made);
    prepared.set(text, made);
    return made;
  };
};

/** Statements of `db`, cached by their text: pass constants, or texts from a small closed set. */
export const sqlOf = (db: DatabaseSync): Sql => {
  const statement = preparing(db, () => undefined);
  const ofTuples = preparing(db, (made) => made.setReturnArrays(true));
  return {
    run: (text, ...values) => Number(statement(text).run(...values).changes),
    get: <T extends Row>(text: string, ...values: SQLInputValue[]) => statement(text).get(...values) as T | undefined,
    all: <T extends Row>(text: string, ...values: SQLInputValue[]) => statement(text).all(...values) as T[],
    tuples: <T extends readonly SQLOutputValue[]>(text: string, ...values: SQLInputValue[]) =>
      ofTuples(text).all(...values) as readonly unknown[] as T[],
  };
};

/** SQLite's primary result code of an error thrown by node:sqlite (https://sqlite.org/rescode.html). */
export const resultCode = (error: unknown): number | undefined =>
  error instanceof Error && "errcode" in error && typeof error.errcode === "number" ? error.errcode & 0xff : undefined;

export const resultCodes = { busy: 5, readOnly: 8, corrupt: 11, cannotOpen: 14, notADatabase: 26 } as const;
