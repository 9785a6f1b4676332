import type { Caller, OperationId } from "../operation.ts";
import { oneLine } from "./one-line.ts";

/** Longest summary, in UTF-16 units; longer ones are cut. */
const maxSummary = 200;
const maxName = 100;
const maxTrailer = 255;

type CommitDomain = "record" | "registration" | "vitals" | "letter" | "message" | "attachment" | "retention";
type CommitAction = "create" | "update" | "supersede" | "redact" | "delete";

export interface CommitFacts {
  readonly domain: CommitDomain;
  readonly action: CommitAction;
  /** One line for the log; cleaned and cut here. */
  readonly summary: string;
  readonly command: string;
  readonly operationId: OperationId;
  readonly caller: Caller;
}

const trailer = (token: string, value: string): string => {
  const line = oneLine(value, maxTrailer);
  return line === "" ? "" : `${token}: ${line}\n`;
};

const personName = ({ name, subject }: Caller): string =>
  oneLine(name, maxName) || oneLine(subject, maxName) || "unknown";

/** `<domain>:<action>: <summary>`, an empty line and trailers that `git interpret-trailers --parse` reads. */
export const commitMessage = ({ domain, action, summary, command, operationId, caller }: CommitFacts): string =>
  `${domain}:${action}: ${oneLine(summary, maxSummary) || command}\n\n` +
  trailer("Command", command) +
  trailer("Operation-Id", operationId) +
  trailer("Author-Name", personName(caller)) +
  trailer("Author-Role", caller.role) +
  trailer("Author-Id", caller.subject) +
  trailer("Author-Issuer", caller.issuer);

const escaped = /[!'()*~]/g;
const percent = (character: string): string => `%${character.charCodeAt(0).toString(16).toUpperCase()}`;

/**
 * Name and address of a commit's author. The address is the subject, escaped as in quoted-printable, in a domain that
 * never receives mail (RFC 2606).
 */
export const authorOf = (caller: Caller): { readonly name: string; readonly email: string } => {
  const local = encodeURIComponent(caller.subject.toWellFormed()).replace(escaped, percent).replaceAll("%", "=");
  return { name: personName(caller), email: `${local.slice(0, maxTrailer) || "unknown"}@users.casenotes.invalid` };
};

export interface ParsedCommitMessage {
  /** The first line as it stands. */
  readonly subject: string;
  /** Text after `<domain>:<action>: `; the whole first line when it does not follow the grammar. */
  readonly summary: string;
  /** The command's type, from the trailer. */
  readonly command?: string;
  readonly trailers: ReadonlyMap<string, string>;
}

const grammar = /^[a-z]+:[a-z]+: /;
const trailerLine = /^([A-Za-z][A-Za-z0-9-]*): (.*)$/;

const trailersOf = (text: string): ReadonlyMap<string, string> => {
  const paragraphs = text.trimEnd().split(/\n\n+/);
  const lines = paragraphs.length < 2 ? [] : (paragraphs.at(-1) ?? "").split("\n");
  const found = lines.map((line) => trailerLine.exec(line));
  const entries = found.flatMap((match) => (match === null ? [] : [[match[1] ?? "", match[2] ?? ""] as const]));
  return new Map(entries.length === lines.length ? entries : []);
};

/** Reads a message that `commitMessage` wrote; a foreign one has no command and no trailers. */
export const parseCommitMessage = (text: string): ParsedCommitMessage => {
  const subject = text.split("\n", 1)[0] ?? "";
  const trailers = trailersOf(text);
  const command = trailers.get("Command");
  return {
    subject,
    summary: subject.replace(grammar, ""),
    ...(command === undefined ? {} : { command }),
    trailers,
  };
};
