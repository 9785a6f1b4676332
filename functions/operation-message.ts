import type { OperationMessage } from "../shared/operation.ts";

/** The message in a queue record's body; undefined when it is not ours. */
export const readMessage = (body: string): OperationMessage | undefined => {
  let value: unknown;
  try {
    value = JSON.parse(body);
  } catch (cause) {
    if (cause instanceof SyntaxError) return undefined;
    throw cause;
  }
  return isMessage(value) ? value : undefined;
};

const isMessage = (value: unknown): value is OperationMessage =>
  typeof value === "object" &&
  value !== null &&
  "operationId" in value &&
  typeof value.operationId === "string" &&
  "patientId" in value &&
  typeof value.patientId === "string" &&
  "attempt" in value &&
  typeof value.attempt === "number";
