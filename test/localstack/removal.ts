/** One condition of a write taken away from a store, and the test that must notice. */
export interface Removal {
  readonly engine: "aws" | "embedded";
  /** What is no longer asked. */
  readonly condition: string;
  readonly file: string;
  /** Stands once in the file. */
  readonly from: string;
  readonly to: string;
  /** The part of `from` that is the condition. */
  readonly taken: string;
  /** Of the contracts, by its name; of the embedded engine's own tests, by its path. */
  readonly suite: string;
  /** Part of the titles of the tests that are run; one of them must fail. */
  readonly noticedBy: string;
}

/** A condition as the lists tell of it: by default what is always true stands in its place. */
export interface Condition {
  readonly condition: string;
  readonly from: string;
  /** A longer text around `from` that stands once in the file, where `from` does not. */
  readonly within?: string;
  /** False always, instead: for one of several alternatives. */
  readonly never?: boolean;
  /** Another text instead: for what is no condition of a WHERE. */
  readonly to?: string;
  readonly by: readonly [suite: Removal["suite"], noticedBy: string];
}

interface Dialect {
  readonly engine: Removal["engine"];
  readonly folder: string;
  /** Leave every name and value of the condition in use. */
  readonly always: (condition: string) => string;
  readonly never: (condition: string) => string;
}

/** No item has this attribute. */
const dynamo: Dialect = {
  engine: "aws",
  folder: "functions/adapters",
  always: (condition) => `(${condition} OR attribute_not_exists(zz))`,
  never: (condition) => `(${condition} AND attribute_exists(zz))`,
};

const sqlite: Dialect = {
  engine: "embedded",
  folder: "infra/local/sqlite",
  always: (condition) => `(${condition} OR 1 = 1)`,
  never: (condition) => `(${condition} AND 1 = 0)`,
};

const removing =
  ({ engine, folder, always, never }: Dialect) =>
  (file: string, conditions: readonly Condition[]): readonly Removal[] =>
    conditions.map(({ condition, from, within = from, by: [suite, noticedBy], ...other }) => {
      const to = other.to ?? (other.never ? never(from) : always(from));
      const place = { from: within, to: within.replace(from, () => to) };
      return { engine, condition, file: `${folder}/${file}`, ...place, taken: from, suite, noticedBy };
    });

/** Conditions of one file of the AWS engine. */
export const onDynamo = removing(dynamo);

/** Conditions of one file of the embedded engine. */
export const onSqlite = removing(sqlite);

/** The test file that has to notice. */
export const suiteOf = ({ engine, suite }: Removal): string => {
  if (suite.includes("/")) return suite;
  return engine === "aws" ? `test/localstack/${suite}.localstack.ts` : `test/contract/${suite}.test.ts`;
};
