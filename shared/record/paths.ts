import { Refusal } from "../errors.ts";
import { checkPath } from "../git/names.ts";

export const ehrStatusPath = "ehr_status.yaml";
export const demographicsPath = "demographics/patient.yaml";

const freeFolders = ["notes/", "documents/"] as const;

/** Whether a path lies in a folder whose files clients write freely. */
export const isFreePath = (path: string): boolean => freeFolders.some((folder) => path.startsWith(folder));

/** Refusal invalid-path when Git or a file system could not hold `path`; null when it is sound. */
export const refusePath = (path: string): Refusal | null => {
  try {
    checkPath(path);
    return null;
  } catch (error) {
    if (error instanceof Refusal) return error;
    throw error;
  }
};

const routeOf = (path: string): string | null =>
  path === ehrStatusPath || path === demographicsPath ? `PUT /v1/patients/{id}/files/${path}` : null;

/** Refusal managed-path: tells which route writes this file, where one does. */
export const managedPath = (path: string): Refusal => {
  const route = routeOf(path);
  const remedy = route === null ? "It is not written through the file routes." : `Use ${route} with If-Match.`;
  return new Refusal("managed-path", `Only notes/ and documents/ hold free files. ${remedy}`, {
    ...(route === null ? {} : { route }),
    freeFolders,
  });
};

/** The command that a PUT of one file asks for. */
export const commandForPut = (path: string): "UpdateDemographics" | "SetEhrStatus" | "PutFiles" | Refusal => {
  if (path === demographicsPath) return "UpdateDemographics";
  if (path === ehrStatusPath) return "SetEhrStatus";
  return refusePath(path) ?? (isFreePath(path) ? "PutFiles" : managedPath(path));
};

/** The command that a DELETE of one file asks for. */
export const commandForDelete = (path: string): "DeleteFiles" | Refusal =>
  refusePath(path) ?? (isFreePath(path) ? "DeleteFiles" : managedPath(path));
