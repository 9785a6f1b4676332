import type { Dependencies } from "./dependencies.ts";
import { acceptWrite } from "./http/accept-write.ts";
import { httpFunction, routeWork } from "./http/http-function.ts";
import { readChanges, readCreate, readDelete, readPut } from "./http/write-request.ts";

/** Takes writes in: authenticated, parsed, admitted, checked at the door, then queued; the commit function does the rest. */
export const submit = (deps: Dependencies) => {
  const accept = acceptWrite(deps);
  return httpFunction(deps, "submit", {
    "POST /v1/patients": routeWork(readCreate, accept),
    "PUT /v1/patients/{patientId}/files/{proxy+}": routeWork(readPut, accept),
    "DELETE /v1/patients/{patientId}/files/{proxy+}": routeWork(readDelete, accept),
    "POST /v1/patients/{patientId}/changes": routeWork(readChanges, accept),
  });
};
