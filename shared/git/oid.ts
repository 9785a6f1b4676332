/** A Git object id: 40 lower-case hexadecimal digits (SHA-1). */
export type Oid = string;
