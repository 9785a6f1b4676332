import type { TableDescription } from "@aws-sdk/client-dynamodb";
import { S3ServiceException } from "@aws-sdk/client-s3";
import { isNamed } from "../../functions/adapters/aws-faults.ts";
import { tableDefinitions, type TableName } from "../../functions/adapters/table-definitions.ts";

export const noRegion = "There is no region: set AWS_REGION.";

const missing = ["ResourceNotFoundException", "QueueDoesNotExist", "NotFound", "NoSuchBucket"];

const expired = ["ExpiredTokenException", "ExpiredToken", "RequestExpired"];

const wrong = [
  "UnrecognizedClientException",
  "InvalidClientTokenId",
  "InvalidAccessKeyId",
  "InvalidToken",
  "InvalidSignatureException",
  "InvalidSignature",
  "SignatureDoesNotMatch",
  "IncompleteSignatureException",
  "IncompleteSignature",
];

const denied = ["AccessDeniedException", "AccessDenied"];

/** What is wrong with the credentials, whichever call said so; undefined when nothing is. The SDK's words hold no secrets. */
export const credentialsProblem = (cause: unknown): string | undefined => {
  if (isNamed(cause, "CredentialsProviderError")) {
    const [reason] = cause.message.split("\n");
    return `There are no AWS credentials (${reason}): set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY.`;
  }
  if (isNamed(cause, ...expired)) return `The AWS credentials have expired (${cause.name}): sign in again.`;
  if (isNamed(cause, ...wrong))
    return `The AWS credentials are wrong (${cause.name}): the key or its secret, unless this machine's clock is.`;
  return undefined;
};

/** The system's code for a call that got no answer; undefined when one came. */
export const noAnswer = (cause: unknown): string | undefined => {
  if (isNamed(cause, "TimeoutError")) return "time-out";
  return cause instanceof Error && "code" in cause && typeof cause.code === "string" ? cause.code : undefined;
};

/** A HEAD is refused without a body, so without a name (RFC 9110, 9.3.2). */
const isDenied = (cause: unknown): boolean =>
  isNamed(cause, ...denied) || (cause instanceof S3ServiceException && cause.$metadata.httpStatusCode === 403);

/** One thing the engine works on: what to call it, and the right to look at it. */
export interface Thing {
  readonly what: string;
  readonly right: string;
}

/** What is wrong with one thing, in a line; `remedy`: what to do when it is not there. */
export const problemOf = ({ what, right }: Thing, cause: unknown, remedy: string): string => {
  if (isNamed(cause, ...missing)) return `${what} does not exist: ${remedy}`;
  if (isDenied(cause))
    return `${what}: the caller may not look at it; allow ${right}, and what docs/permissions.md has for the functions.`;
  const code = noAnswer(cause);
  if (code !== undefined) return `${what} cannot be reached (${code}).`;
  return `${what} cannot be used (${cause instanceof Error ? cause.name : "error"}).`;
};

type Keys = TableDescription["KeySchema"];

/** DynamoDB names the partition key first. */
const keyOf = (keys: Keys): string => (keys ?? []).map(({ AttributeName = "" }) => AttributeName).join(", ");

const wanted = ({ partitionKey, sortKey }: { readonly partitionKey: string; readonly sortKey?: string }): string =>
  sortKey === undefined ? partitionKey : `${partitionKey}, ${sortKey}`;

/** Tells a table that is there, but is another: two names swapped. undefined: it has the keys, and the indexes if asked. */
export const tableMismatch = (table: TableName, found: TableDescription = {}, keysOnly = false): string | undefined => {
  const definition = tableDefinitions[table];
  const not = `The table ${found.TableName} is no table of ${table}`;
  const key = keyOf(found.KeySchema);
  if (key !== wanted(definition)) return `${not}: its key is (${key}), not (${wanted(definition)}). Are names swapped?`;
  if (keysOnly) return undefined;
  const indexes = new Map(found.GlobalSecondaryIndexes?.map((index) => [index.IndexName, keyOf(index.KeySchema)]));
  const lacking = definition.indexes.find((index) => indexes.get(index.name) !== wanted(index));
  if (lacking === undefined) return undefined;
  return `${not}: it has no index ${lacking.name} (${wanted(lacking)}). Are names swapped?`;
};
