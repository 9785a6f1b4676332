import type { Identifier } from "../../shared/head.ts";

/** Key of an identifier's item: no two identifiers have the same, whatever they hold. */
export const identifierKey = ({ system, value }: Identifier): string => JSON.stringify([system, value]);
