import type { Dependencies } from "./dependencies.ts";
import { httpFunction, routeWork } from "./http/http-function.ts";
import { getCommit, getHistory, parseCommit, parseHistory } from "./http/read-history.ts";
import { getPatients, parsePatientList, parseSearch } from "./http/read-patients.ts";
import { getFile, getRecord, parseFileRead, parseRecordRead } from "./http/read-record.ts";

/** Reads: lists and searches of patients, records and files as they are or were, histories. */
export const read = (deps: Dependencies) =>
  httpFunction(deps, "read", {
    "GET /v1/patients": routeWork(parsePatientList, (request) => getPatients(deps, request)),
    "POST /v1/patients/search": routeWork(parseSearch, (request) => getPatients(deps, request)),
    "GET /v1/patients/{patientId}": routeWork(parseRecordRead, getRecord(deps)),
    "GET /v1/patients/{patientId}/files/{proxy+}": routeWork(parseFileRead, (request) => getFile(deps, request)),
    "GET /v1/patients/{patientId}/commits": routeWork(parseHistory, (request) => getHistory(deps, request)),
    "GET /v1/patients/{patientId}/commits/{oid}": routeWork(parseCommit, (request) => getCommit(deps, request)),
  });
