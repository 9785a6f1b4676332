import { Refusal } from "../../shared/errors.ts";
import type { Oid } from "../../shared/git/oid.ts";
import { refuseChangeSet } from "../../shared/record/change-files.ts";
import type { Command, PathChange } from "../../shared/record/command.ts";
import { readDemographics } from "../../shared/record/demographics-file.ts";
import { acceptsMediaType, mediaTypeOf } from "../../shared/record/media-types.ts";
import { commandForDelete, commandForPut } from "../../shared/record/paths.ts";
import { refuseEhrStatus } from "../../shared/record/set-ehr-status.ts";
import { readText } from "./body.ts";
import { readExpectation, readStrongTag, type Expectation } from "./entity-tags.ts";
import type { HttpEvent } from "./exchange.ts";
import { readFilePath } from "./file-path.ts";
import { readKey, requestHashOf } from "./idempotency.ts";
import { readJson } from "./json-body.ts";
import { readPreferences, type Preferences } from "./prefer.ts";
import { readQuery } from "./query.ts";
import { changeSetSchema, createPatientSchema, type ChangeSetBody } from "./request-schemas.ts";

/** A write as its request describes it, before anything was looked up. */
export interface WriteRequest {
  readonly key: string;
  readonly requestHash: string;
  readonly prefer: Preferences;
  /** Null when a precondition holds a tag that no file can have: then `unmatchable` names the file. */
  readonly command: Command | null;
  readonly commandType: Command["type"];
  readonly unmatchable: string | null;
  /** The one file that is written; null for a create and for a change set. */
  readonly path: string | null;
  /** What is demanded of that file. */
  readonly expects: Expectation;
  /** Id that the client gave a new patient. */
  readonly newPatientId: string | undefined;
  /** Status once it is committed. */
  readonly success: 200 | 201;
}

const common = (event: HttpEvent): Pick<WriteRequest, "key" | "requestHash" | "prefer"> => {
  readQuery(event);
  return {
    key: readKey(event),
    requestHash: requestHashOf(event, event.body ?? ""),
    prefer: readPreferences(event.headers["prefer"]),
  };
};

const settled = { unmatchable: null, path: null, expects: null, newPatientId: undefined, success: 200 } as const;

const thrown = <T>(value: T | Refusal): T => {
  if (value instanceof Refusal) throw value;
  return value;
};

/** `POST /v1/patients`. */
export const readCreate = (event: HttpEvent): WriteRequest => {
  const write = common(event);
  const { id, name, birthDate, sex, identifiers } = readJson(event, createPatientSchema);
  const command = { type: "CreatePatient", demographics: { name, birthDate, sex, identifiers } } as const;
  return { ...write, ...settled, command, commandType: command.type, newPatientId: id, success: 201 };
};

/** `PUT …/files/{path}`. */
export const readPut = (event: HttpEvent): WriteRequest => {
  const write = common(event);
  const path = readFilePath(event);
  const type = thrown(commandForPut(path));
  const expects = readExpectation(event.headers, "PUT");
  if (!acceptsMediaType(path, event.headers["content-type"] ?? ""))
    throw new Refusal("unsupported-media-type", `Send Content-Type: ${mediaTypeOf(path)} or text/plain, in UTF-8.`);
  const content = readText(event);
  const command = putCommand({ type, path, content, expects }, event.pathParameters?.["patientId"] ?? "");
  return {
    ...write,
    ...settled,
    command,
    commandType: type,
    path,
    expects,
    unmatchable: command === null ? path : null,
    success: expects === null ? 201 : 200,
  };
};

interface Put {
  readonly type: "UpdateDemographics" | "SetEhrStatus" | "PutFiles";
  readonly path: string;
  readonly content: string;
  readonly expects: Expectation;
}

/** Null where the precondition cannot hold: a tag that no file has, or creating a file that every record has. */
const putCommand = ({ type, path, content, expects }: Put, patientId: string): Command | null => {
  if (type === "UpdateDemographics") thrown(readDemographics(content));
  if (type === "SetEhrStatus") thrown(refuseEhrStatus(content, patientId));
  if (expects === "unmatchable") return null;
  if (type === "PutFiles") return oneFile(type, { put: path, content, ifMatch: expects });
  return expects === null ? null : { type, content, ifMatch: expects };
};

const oneFile = (type: "PutFiles" | "DeleteFiles", change: PathChange): Command => ({
  type,
  summary: "",
  changes: [change],
  target: "file",
});

/** `DELETE …/files/{path}`. */
export const readDelete = (event: HttpEvent): WriteRequest => {
  const write = common(event);
  const path = readFilePath(event);
  const commandType = thrown(commandForDelete(path));
  const expects = readExpectation(event.headers, "DELETE");
  readText(event);
  const command = isMatchable(expects) ? oneFile(commandType, { delete: path, ifMatch: expects }) : null;
  return { ...write, ...settled, command, commandType, path, expects, unmatchable: command === null ? path : null };
};

const isMatchable = (expects: Expectation): expects is Oid => expects !== null && expects !== "unmatchable";

/** `POST …/changes`. */
export const readChanges = (event: HttpEvent): WriteRequest => {
  const write = common(event);
  const body = readJson(event, changeSetSchema);
  let unmatchable: string | null = null;
  const changes = body.changes.map((change, index) => {
    const expects = expectationOf(change, index);
    if (expects === "unmatchable") unmatchable ??= "put" in change ? change.put : change.delete;
    return pathChange(change, expects);
  });
  const type = changes.some((change) => "put" in change) ? "PutFiles" : "DeleteFiles";
  const { summary, expectedCommit } = body;
  const command = {
    type,
    summary,
    changes,
    target: "record",
    ...(expectedCommit !== undefined && { expectedCommit }),
  } as const;
  thrown(refuseChangeSet(command));
  return { ...write, ...settled, command: unmatchable === null ? command : null, commandType: type, unmatchable };
};

type ChangeBody = ChangeSetBody["changes"][number];

const expectationOf = ({ ifMatch }: ChangeBody, index: number): Expectation | undefined =>
  typeof ifMatch === "string" ? readStrongTag(ifMatch, `changes[${index}].ifMatch`) : ifMatch;

const pathChange = (change: ChangeBody, expects: Expectation | undefined): PathChange => {
  if ("put" in change) {
    const { put, content } = change;
    return expects === undefined ? { put, content } : { put, content, ifMatch: expects };
  }
  return typeof expects === "string" ? { delete: change.delete, ifMatch: expects } : { delete: change.delete };
};
