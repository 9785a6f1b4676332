import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { Refusal } from "../../shared/errors.ts";
import { acceptsMediaType, mediaTypeOf } from "../../shared/record/media-types.ts";
import { normaliseName } from "../../shared/record/normalise-name.ts";
import { commandForDelete, commandForPut } from "../../shared/record/paths.ts";

const nameOf = (result: string | Refusal): string => (result instanceof Refusal ? result.code : result);

describe("the command that a file route asks for", () => {
  test.for([
    ["notes/a.md", "PutFiles", "DeleteFiles"],
    ["documents/2026/scan.txt", "PutFiles", "DeleteFiles"],
    ["demographics/patient.yaml", "UpdateDemographics", "managed-path"],
    ["ehr_status.yaml", "SetEhrStatus", "managed-path"],
    ["demographics/other.yaml", "managed-path", "managed-path"],
    ["vitals/2026/11/x.yaml", "managed-path", "managed-path"],
    [".gitattributes", "managed-path", "managed-path"],
    ["notes", "managed-path", "managed-path"],
    ["EHR_STATUS.yaml", "managed-path", "managed-path"],
    ["notes/../ehr_status.yaml", "invalid-path", "invalid-path"],
    ["notes/.git/config", "invalid-path", "invalid-path"],
    ["", "invalid-path", "invalid-path"],
  ] as const)("%s is put by %s and deleted by %s", ([path, put, gone]) => {
    expect([nameOf(commandForPut(path)), nameOf(commandForDelete(path))]).toEqual([put, gone]);
  });
});

describe("a media type", () => {
  test.for([
    ["a.yaml", "application/yaml"],
    ["a.YML", "application/yaml"],
    ["a.md", "text/markdown"],
    ["a.txt", "text/plain"],
    ["md", "text/plain"],
  ] as const)("of %s is %s", ([path, type]) => {
    expect(mediaTypeOf(path)).toBe(type);
  });

  test.for([
    ["notes/a.md", "text/markdown", true],
    ["notes/a.md", "Text/Markdown; charset=UTF-8", true],
    ["notes/a.md", 'text/markdown;charset="utf-8"', true],
    ["notes/a.md", "text/plain", true],
    ["notes/a.md", "application/yaml", false],
    ["notes/a.md", "text/markdown; charset=latin1", false],
    ["notes/a.md", "text/markdown; variant=GFM", false],
    ["notes/a.md", "", false],
    ["a.yaml", "application/json", false],
    ["a.txt", "text/markdown", false],
  ] as const)("for %s may be sent as %s: %s", ([path, type, accepted]) => {
    expect(acceptsMediaType(path, type)).toBe(accepted);
  });
});

describe("a name as searches compare it", () => {
  test.for([
    ["Doe", "doe"],
    ["  DOE--Smith ", "doe smith"],
    ["Ó Súilleabháin", "o suilleabhain"],
    ["O'Brien", "obrien"],
    ["O’Brien", "obrien"],
    ["Straße", "strasse"],
    ["STRASSE", "strasse"],
    ["Øster-Łęcki", "oster lecki"],
    ["Nguyễn", "nguyen"],
    ["ﬁne", "fine"],
    ["Ｄｏｅ", "doe"],
    ["Παπαδόπουλος", "παπαδοπουλοσ"],
    ["ΠΑΠΑΔΟΠΟΥΛΟΣ", "παπαδοπουλοσ"],
    ["İpek", "ipek"],
    ["王 小明", "王 小明"],
    ["van der Berg, Jr.", "van der berg jr"],
    ["---", ""],
    ["ŉDoe", "ndoe"],
    ["O\u1ffdBrien", "obrien"],
  ] as const)("%s is %s", ([name, normalised]) => {
    expect(normaliseName(name)).toBe(normalised);
  });

  test("is the same normalised twice, and from either normal form", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme" }), (name) => {
        const once = normaliseName(name);
        expect(normaliseName(once)).toBe(once);
        expect(normaliseName(name.normalize("NFD"))).toBe(normaliseName(name.normalize("NFC")));
      }),
      { numRuns: 1_000 },
    );
  });
});
