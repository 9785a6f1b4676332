import * as fc from "fast-check";
import type { Contract, Declared, Parameter } from "./hostile-contract.ts";
import { anyMutation } from "./hostile-mutations.ts";
import { anyText, arbitraryOf } from "./hostile-values.ts";

export type Pair = readonly [name: string, value: string];

/** A request with placeholders (`:patient`, `:tag`, …) that are filled in when it is sent. */
export interface Draft {
  readonly operation: string;
  readonly mutations: readonly string[];
  readonly method: string;
  readonly path: string;
  readonly query: readonly Pair[];
  readonly headers: readonly Pair[];
  readonly body: Uint8Array;
}

/** A required parameter always, another now and then. */
const valueOf = ({ name, schema, required = false }: Parameter) => {
  const value = arbitraryOf(schema, name).map((given): readonly [string, unknown][] => [[name, given]]);
  return required ? value : fc.oneof({ weight: 3, arbitrary: fc.constant([]) }, { weight: 1, arbitrary: value });
};

const valuesOf = (parameters: readonly Parameter[], place: Parameter["in"]): fc.Arbitrary<Record<string, unknown>> => {
  const own = parameters.filter((parameter) => parameter.in === place);
  return fc.tuple(...own.map(valueOf)).map((pairs) => Object.fromEntries(pairs.flat()));
};

/** PUT and DELETE want one precondition; two of them are a mutation. */
const withPrecondition = (method: string, headers: readonly Pair[], path: string): readonly Pair[] => {
  if (method !== "PUT" && method !== "DELETE") return headers;
  const others = headers.filter(([name]) => !name.startsWith("If-"));
  const creates = method === "PUT" && path.endsWith(":fresh");
  return [...others, creates ? ["If-None-Match", "*"] : ["If-Match", ":tag"]];
};

const bodyOf = ({
  body,
}: Declared): fc.Arbitrary<{ readonly type: string | undefined; readonly bytes: Uint8Array }> => {
  const types = Object.entries(body);
  if (types.length === 0) return fc.constant({ type: undefined, bytes: Buffer.alloc(0) });
  return fc.oneof(
    ...types.map(([type, { schema }]) => {
      if (type === "application/json")
        return arbitraryOf(schema).map((value) => ({ type, bytes: Buffer.from(JSON.stringify(value)) }));
      const text = type.includes("git") ? fc.constant("0032want :commit\n00000009done\n") : anyText;
      return text.map((value) => ({ type, bytes: Buffer.from(value) }));
    }),
  );
};

/** A request that the document allows. */
const allowed = (declared: Declared): fc.Arbitrary<Draft> =>
  fc
    .record({
      path: valuesOf(declared.parameters, "path"),
      query: valuesOf(declared.parameters, "query"),
      header: valuesOf(declared.parameters, "header"),
      body: bodyOf(declared),
    })
    .map(({ path, query, header, body }) => {
      const filled = declared.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => String(path[name]));
      const headers = Object.entries(header).map(([name, value]): Pair => [name, String(value)]);
      const type: readonly Pair[] = body.type === undefined ? [] : [["Content-Type", body.type]];
      return {
        operation: `${declared.method} ${declared.path}`,
        mutations: [],
        method: declared.method,
        path: filled,
        query: Object.entries(query).map(([name, value]): Pair => [
          name,
          encodeURIComponent(String(value)).replaceAll("%3A", ":"),
        ]),
        headers: [["Authorization", ":token"], ...withPrecondition(declared.method, headers, filled), ...type],
        body: body.bytes,
      };
    });

/** Requests of every operation of the document, each spoilt in none to three ways. */
export const hostileDraft = ({ operations }: Contract): fc.Arbitrary<Draft> => {
  const spoilt = fc.oneof(
    { weight: 2, arbitrary: fc.constant([]) },
    { weight: 5, arbitrary: fc.array(anyMutation, { minLength: 1, maxLength: 1 }) },
    { weight: 3, arbitrary: fc.array(anyMutation, { minLength: 2, maxLength: 3 }) },
  );
  return fc
    .tuple(fc.oneof(...operations.map(allowed)), spoilt)
    .map(([draft, changes]) =>
      changes.reduce((made, [name, change]) => ({ ...change(made), mutations: [...made.mutations, name] }), draft),
    );
};
