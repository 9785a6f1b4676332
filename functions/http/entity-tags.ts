import { Refusal } from "../../shared/errors.ts";
import type { Oid } from "../../shared/git/oid.ts";
import { isOid } from "./ids.ts";

/** What a write demands of the file: this blob, that it is not there (null), or a tag that no file of ours can have. */
export type Expectation = Oid | null | "unmatchable";

/** RFC 9110, 8.8.3: `W/` and any visible characters but the quote. */
const entityTag = /^(W\/)?"([\x21\x23-\x7e\x80-\xff]*)"$/;

const invalid = (field: string, detail: string): Refusal => new Refusal("invalid-precondition", detail, { field });

/** One strong entity tag. Throws Refusal invalid-precondition for `*`, a list and what is not a tag; a weak tag never matches. */
export const readStrongTag = (text: string, field: string): Oid | "unmatchable" => {
  const quick = text.length === 42 && text.startsWith('"') && text.endsWith('"') ? text.slice(1, 41) : "";
  if (isOid(quick)) return quick;
  if (text === "*")
    throw invalid(field, `${field}: * would overwrite what nobody looked at. Send the tag that you read.`);
  const match = entityTag.exec(text);
  if (match !== null) return "unmatchable";
  if (text.includes(",")) throw invalid(field, `${field} takes one entity tag, not a list.`);
  throw invalid(field, `${field} takes one entity tag in double quotes, as ETag shows it.`);
};

type Headers = Readonly<Record<string, string | undefined>>;

/** The precondition of a PUT or DELETE. Throws Refusal precondition-required when there is none. */
export const readExpectation = (headers: Headers, method: "PUT" | "DELETE"): Expectation => {
  const ifMatch = headers["if-match"];
  const ifNoneMatch = headers["if-none-match"];
  if (ifMatch !== undefined && ifNoneMatch !== undefined)
    throw invalid("If-None-Match", "Send If-Match to replace, or If-None-Match: * to create, not both.");
  if (ifMatch !== undefined) return readStrongTag(ifMatch.trim(), "If-Match");
  if (ifNoneMatch === undefined) throw required(method);
  if (method === "PUT" && ifNoneMatch.trim() === "*") return null;
  throw invalid(
    "If-None-Match",
    method === "PUT" ? "On a PUT, If-None-Match takes * only." : "A DELETE takes If-Match.",
  );
};

const required = (method: "PUT" | "DELETE"): Refusal =>
  new Refusal(
    "precondition-required",
    method === "PUT"
      ? "Send If-Match with the file's ETag to replace it, or If-None-Match: * to create it."
      : "Send If-Match with the file's ETag.",
  );

/** Whether `If-None-Match` of a read names this tag: then the client has it already (weak comparison, RFC 9110, 13.1.2). */
export const isKnown = (ifNoneMatch: string | undefined, tag: string): boolean => {
  if (ifNoneMatch === undefined) return false;
  if (ifNoneMatch.trim() === "*") return true;
  return ifNoneMatch.split(",").some((given) => given.trim().replace(/^W\//, "") === `"${tag}"`);
};
