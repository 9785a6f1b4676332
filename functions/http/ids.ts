const uuid = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
const oid = /^[0-9a-f]{40}$/;

/** Whether a text is a lower-case UUID, as ids of patients and operations are. */
export const isUuid = (text: string): boolean => uuid.test(text);

/** Whether a text is a Git object id. */
export const isOid = (text: string): boolean => oid.test(text);
