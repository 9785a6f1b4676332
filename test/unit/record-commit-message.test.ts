import { execFileSync } from "node:child_process";
import * as fc from "fast-check";
import { describe, expect, test } from "vitest";
import { authorOf, commitMessage, parseCommitMessage } from "../../shared/record/commit-message.ts";
import { aContext } from "../support/a-record.ts";

const { caller, operationId } = aContext();
const aMessage = (over: Partial<Parameters<typeof commitMessage>[0]> = {}) =>
  commitMessage({
    domain: "record",
    action: "update",
    summary: "Write a note",
    command: "PutFiles",
    operationId,
    caller,
    ...over,
  });
const gitTrailers = (message: string) =>
  execFileSync("git", ["interpret-trailers", "--parse"], { input: message, encoding: "utf8" });

const full = `record:update: Write a note

Command: PutFiles
Operation-Id: ${operationId}
Author-Name: A Clinician
Author-Role: clinician
Author-Id: user-1
Author-Issuer: https://issuer.example
`;

describe("a commit message", () => {
  test("has a subject and trailers", () => {
    expect(aMessage()).toBe(full);
  });

  test("has the trailers that stock git finds", () => {
    expect(gitTrailers(full)).toBe(full.split("\n").slice(2).join("\n"));
  });

  test.for([
    ["a summary of two lines", { summary: "One\nOperation-Id: forged" }],
    ["a summary that looks like a divider", { summary: "x\n---\ny" }],
    ["a name with line breaks", { caller: { ...caller, name: "A\r\nAuthor-Id: forged\n\nB" } }],
    ["a name with other line breaks", { caller: { ...caller, name: "A\u2028B\u0085C\u000bD" } }],
    ["a name that is empty", { caller: { ...caller, name: " \u0000 " } }],
    ["a role that is empty", { caller: { ...caller, role: "" } }],
    ["a subject with brackets", { caller: { ...caller, subject: "<a@b> # x" } }],
    ["a summary of nothing", { summary: "\u202e\n" }],
    ["a summary that starts like a comment", { summary: "# not a comment" }],
  ] as const)("%s leaves git's reading and ours the same", ([, over]) => {
    const message = aMessage(over);
    const trailers = [...parseCommitMessage(message).trailers].map(([token, value]) => `${token}: ${value}\n`);
    expect(gitTrailers(message)).toBe(trailers.join(""));
    expect(parseCommitMessage(message).trailers.get("Operation-Id")).toBe(operationId);
    expect(message.split("\n\n")).toHaveLength(2);
  });

  test("reads back as it was written, whoever asks for whatever", () => {
    const text = fc.string({ unit: "binary", maxLength: 300 });
    fc.assert(
      fc.property(text, text, text, (summary, name, subject) => {
        const message = aMessage({ summary, caller: { ...caller, name, subject } });
        const parsed = parseCommitMessage(message);
        expect(parsed.command).toBe("PutFiles");
        expect(parsed.trailers.get("Operation-Id")).toBe(operationId);
        expect(parsed.summary).not.toBe("");
        expect(parsed.summary.length).toBeLessThanOrEqual(200);
        expect(message.isWellFormed()).toBe(true);
        expect(message).not.toMatch(/[^\P{Cc}\n]|[<>\u2028\u2029\u202a-\u202e]/u);
      }),
    );
  });

  test("a cut never splits a character", () => {
    expect(parseCommitMessage(aMessage({ summary: `${"x".repeat(199)}😀` })).summary).toBe("x".repeat(199));
  });

  test("a plain summary passes as it is, in linear time", () => {
    const started = performance.now();
    expect(parseCommitMessage(aMessage({ summary: `${"a".repeat(198)}<` })).summary).toBe("a".repeat(198));
    expect(performance.now() - started).toBeLessThan(100);
  });
});

describe("a message of another origin", () => {
  test.for([
    ["one line", "Fix it", { subject: "Fix it", summary: "Fix it" }],
    ["nothing", "", { subject: "", summary: "" }],
    ["prose below", "Fix it\n\nBecause: it broke\nand so on\n", { subject: "Fix it", summary: "Fix it" }],
  ] as const)("%s has no command and no trailers", ([, text, expected]) => {
    expect(parseCommitMessage(text)).toEqual({ ...expected, trailers: new Map() });
  });
});

describe("the author of a commit", () => {
  test.for([
    ["user-1", "user-1@users.casenotes.invalid"],
    ["auth0|5f7c", "auth0=7C5f7c@users.casenotes.invalid"],
    ["a@b.example", "a=40b.example@users.casenotes.invalid"],
    ["a=40b.example", "a=3D40b.example@users.casenotes.invalid"],
    ["<x>\n", "=3Cx=3E=0A@users.casenotes.invalid"],
    ["o'neil(1)*~!", "o=27neil=281=29=2A=7E=21@users.casenotes.invalid"],
    ["half \ud83d a pair", "half=20=EF=BF=BD=20a=20pair@users.casenotes.invalid"],
    ["", "unknown@users.casenotes.invalid"],
  ] as const)("%j has the address %s", ([subject, email]) => {
    expect(authorOf({ ...caller, subject }).email).toBe(email);
  });

  test("is fit for a Git header whatever the token says", () => {
    const text = fc.string({ unit: "binary" });
    fc.assert(
      fc.property(text, text, (name, subject) => {
        const author = authorOf({ ...caller, name, subject });
        expect(author.name).toMatch(/^[^<>\p{Cc}]+$/u);
        expect(author.email).toMatch(/^[A-Za-z0-9._=-]+@users\.casenotes\.invalid$/);
      }),
    );
  });

  test("falls back to the subject where the token has no name", () => {
    expect(authorOf({ ...caller, name: "" }).name).toBe("user-1");
  });
});
