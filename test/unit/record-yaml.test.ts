import { stringify } from "yaml";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Refusal } from "../../shared/errors.ts";
import { demographicsYaml, readDemographics } from "../../shared/record/demographics-file.ts";
import { demographicsSchema } from "../../shared/record/demographics-schema.ts";
import { ehrStatusYaml, readEhrStatus } from "../../shared/record/ehr-status-file.ts";
import { readStrictYaml } from "../../shared/record/strict-yaml.ts";
import { aDemographics, patientId } from "../support/a-record.ts";

const read = (text: string) => readStrictYaml(text, 64 * 1024);
const lol = (levels: number) =>
  Array.from({ length: levels }, (_, n) => `l${n + 1}: &l${n + 1} [${`*l${n},`.repeat(9)}]`).join("\n");

describe("YAML that is not plain", () => {
  test.for([
    ["an alias bomb", `l0: &l0 x\n${lol(9)}`],
    ["an anchor alone", "a: &x 1"],
    ["an alias to nothing", "a: *x"],
    ["an anchor on a key", "&x a: 1"],
    ["an anchor on a map", "a: &x\n  b: 1"],
    ["an anchor on a list", "a: &x [1]"],
    ["an alias to itself", "a: &x [*x]"],
    ["a tag", "a: !!str 1"],
    ["a tag on a map", "a: !!map {b: 1}"],
    ["a tag on a key", "!!str a: 1"],
    ["a local tag", "a: !ruby/object 1"],
    ["a binary tag", "a: !!binary aGVsbG8="],
    ["a merge key", "<<: {a: 1}\nb: 2"],
    ["a key used twice", "a: 1\na: 2"],
    ["a key used twice in flow", "{a: 1, 'a': 2}"],
    ["__proto__", "__proto__: {is_modifiable: true}"],
    ["constructor", "a: {constructor: 1}"],
    ["prototype", '"prototype": 1'],
    ["__proto__ with an escape", '"__prot\\x6f__": 1'],
    ["a map as key", "? {a: 1}\n: 2"],
    ["a number as key", "1: 2"],
    ["two documents", "a: 1\n---\nb: 2"],
    ["an end and more", "a: 1\n...\nb: 2"],
    ["a version directive", "%YAML 1.1\n---\na: yes"],
    ["a tag directive", "%TAG ! tag:example.com,2026:\n---\na: 1"],
    ["broken indentation", "a:\n\tb: 1"],
    ["an open bracket", "a: [1, 2"],
    ["an open quote", 'a: "x'],
    ["33 levels of lists", `${"[".repeat(33)}${"]".repeat(33)}`],
    ["33 levels of maps", Array.from({ length: 33 }, (_, n) => `${" ".repeat(n)}a:`).join("\n")],
    ["60,000 open lists", "[".repeat(60_000)],
    ["60,000 open maps", "{".repeat(60_000)],
    ["30,000 lists, opened and closed", "[".repeat(30_000) + "]".repeat(30_000)],
    ["20,000 nested lists on one line", "- ".repeat(20_000)],
    ["20,000 nested keys on one line", "? ".repeat(20_000)],
    ["a text too long", `a: ${"x".repeat(64 * 1024)}`],
  ] as const)("%s is refused before it can hurt", { timeout: 10_000 }, ([, text]) => {
    expect(read(text)).toHaveProperty("problem");
  });

  test("a file of 9,000 keys is read, not in quadratic time", { timeout: 10_000 }, () => {
    const text = Array.from({ length: 9_000 }, (_, n) => `k${n}:`).join("\n");
    expect(Object.keys((read(text) as { value: object }).value)).toHaveLength(9_000);
  });

  test("the line is named, the text is not quoted", () => {
    expect(read("name:\n  family: &secret Doe")).toEqual({ problem: "anchors are not allowed", line: 2 });
    expect(read("name:\n  - *secret")).toEqual({ problem: "aliases are not allowed", line: 2 });
    expect(JSON.stringify(read("a: 1\nsecret: [x"))).not.toContain("secret");
  });
});

describe("plain YAML", () => {
  test.for([
    ["words that other versions take for booleans", "a: yes\nb: no\nc: on", { a: "yes", b: "no", c: "on" }],
    ["dates", "a: 1990-04-02", { a: "1990-04-02" }],
    ["block text", "a: |\n  one\n  two\n", { a: "one\ntwo\n" }],
    ["comments", "# about\na: 1 # one\n", { a: 1 }],
    ["a marker of the start", "---\na: 1\n", { a: 1 }],
    ["flow style", '{"a": ["x", null, true]}', { a: ["x", null, true] }],
    ["nothing", "", null],
    ["32 levels", `${"[".repeat(32)}${"]".repeat(32)}`, JSON.parse(`${"[".repeat(32)}${"]".repeat(32)}`)],
  ] as const)("%s are read as YAML 1.2 says", ([, text, value]) => {
    expect(read(text)).toEqual({ value });
  });

  test("whatever JSON holds is read back from its YAML", () => {
    const forbidden = new Set(["__proto__", "constructor", "prototype", "<<"]);
    const key = fc.string({ minLength: 1 }).filter((name) => !forbidden.has(name));
    const value = fc.letrec((tie) => ({
      node: fc.oneof(
        { maxDepth: 4 },
        fc.string(),
        fc.boolean(),
        fc.constant(null),
        fc.array(tie("node"), { maxLength: 4 }),
        fc.dictionary(key, tie("node"), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).node;
    fc.assert(
      fc.property(value, (json) => {
        expect(read(stringify(json, { aliasDuplicateObjects: false }))).toEqual({ value: json });
      }),
    );
  });

  test("no text makes the reader throw", () => {
    const piece = fc.constantFrom(
      "a",
      ":",
      " ",
      "\n",
      "- ",
      "[",
      "]",
      "{",
      "}",
      "&x",
      "*x",
      "!t",
      "|",
      ">",
      "'",
      '"',
      "#",
      "%",
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 40 }), (pieces) => {
        expect(read(pieces.join(""))).toBeTypeOf("object");
      }),
      { numRuns: 2_000 },
    );
  });
});

const errorsOf = (result: unknown): unknown => {
  if (result instanceof Refusal) return result.facts["errors"];
  throw new Error("was accepted");
};

describe("demographics/patient.yaml", () => {
  const file = demographicsYaml(aDemographics());

  test("reads back what it was written from, whatever the names are", () => {
    const text = fc.string({ unit: "grapheme", minLength: 1, maxLength: 40 }).filter((name) => {
      return demographicsSchema.shape.name.safeParse({ family: name, given: [] }).success;
    });
    fc.assert(
      fc.property(text, fc.array(text, { maxLength: 3 }), text, (family, given, value) => {
        const demographics = aDemographics({ name: { family, given }, identifiers: [{ system: "urn:x:y", value }] });
        expect(readDemographics(demographicsYaml(demographics))).toEqual(demographics);
      }),
    );
  });

  test("may also hold telecom, address and deceased", () => {
    const more = `${file}telecom: [{system: phone, value: "+44 20 7946 0000", use: home}]
address: [{line: [1 High Street], city: Sampleton, postal_code: ZZ1 1ZZ, country: GB}]
deceased: 2026-01-31\n`;
    expect(readDemographics(more)).toEqual(aDemographics());
  });

  test.for([
    ["family", file.replace("Doe", '""'), "name.family"],
    ["white space", file.replace("Doe", '" Doe"'), "name.family"],
    ["a control character", file.replace("Doe", '"D\\u0007oe"'), "name.family"],
    ["a lone surrogate", file.replace("Doe", '"\\ud800"'), "name.family"],
    ["a given name that is a number", file.replace("- Sample", "- 7"), "name.given[0]"],
    ["a day that is none", file.replace("1990-04-02", "1990-02-30"), "birth_date"],
    ["a time", file.replace("1990-04-02", "1990-04-02T10:00:00Z"), "birth_date"],
    ["another sex", file.replace("female", "f"), "sex"],
    ["an identifier that is a number", file.replace('"12345"', "12345"), "identifiers[0].value"],
    ["a system without a scheme", file.replace("urn:example:mrn", "mrn"), "identifiers[0].system"],
    ["an unknown field", `${file}blood_type: O\n`, "blood_type"],
    ["a camel-case field", file.replace("birth_date", "birthDate"), "birth_date"],
    ["no sex", file.replace("sex: female\n", ""), "sex"],
  ] as const)("%s is refused by its place", ([, text, field]) => {
    expect(errorsOf(readDemographics(text))).toContainEqual(expect.objectContaining({ field }));
  });

  test("an identifier listed twice, and an eleventh, are refused", () => {
    const many = Array.from({ length: 11 }, (_, n) => ({ system: "urn:x:y", value: `${n}` }));
    for (const identifiers of [[many[0]!, many[0]!], many]) {
      const refused = readDemographics(demographicsYaml(aDemographics({ identifiers })));
      expect(errorsOf(refused)).toContainEqual(expect.objectContaining({ field: "identifiers" }));
    }
  });

  test("a key that may be content is not repeated", () => {
    const refusal = readDemographics(`${file}"has had a fever": 1\n`) as Refusal;
    expect(refusal.facts["errors"]).toEqual([{ problem: "has an unknown field" }]);
    expect(refusal.message).not.toContain("fever");
  });

  test("JSON and file hold to the same rules", () => {
    expect(demographicsSchema.safeParse(aDemographics()).success).toBe(true);
    expect(demographicsSchema.safeParse({ ...aDemographics(), birthDate: "1990-02-30" }).success).toBe(false);
    expect(demographicsSchema.safeParse({ ...aDemographics(), author: "x" }).success).toBe(false);
  });
});

describe("ehr_status.yaml", () => {
  const file = ehrStatusYaml(patientId);

  test("starts queryable and modifiable, for this patient", () => {
    expect(readEhrStatus(file)).toMatchObject({
      ehr_id: { value: patientId },
      subject: { external_ref: { id: { value: patientId }, type: "PERSON" } },
      is_queryable: true,
      is_modifiable: true,
    });
  });

  test.for([
    ["another class of archetype", file.replace("EHR_STATUS.generic", "COMPOSITION.generic"), "archetype_node_id"],
    ["a party of no openEHR type", file.replace("PERSON", "PATIENT"), "subject.external_ref.type"],
    ["text for a boolean", file.replace("is_modifiable: true", "is_modifiable: no"), "is_modifiable"],
    ["no subject", file.replace(/subject:[\s\S]*PERSON\n/, ""), "subject"],
    ["a version that is a number", file.replace("1.1.0", "1.1"), "rm_version"],
    ["other_details", `${file}other_details: {}\n`, "other_details"],
  ] as const)("%s is refused by its place", ([, text, field]) => {
    expect(errorsOf(readEhrStatus(text))).toContainEqual(expect.objectContaining({ field }));
  });

  test("a subject without reference is one", () => {
    expect(readEhrStatus(file.replace(/subject:[\s\S]*PERSON\n/, "subject: {}\n"))).not.toBeInstanceOf(Refusal);
  });
});
