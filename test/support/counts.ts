import type { Charge } from "./aws-charges.ts";
import { addUnits, type Units } from "./dynamo-units.ts";

/** What some calls are charged for, by name. */
export interface Counts {
  readonly requests: Units;
  /** DynamoDB write request units by table and index. */
  readonly writeUnits: Units;
  /** DynamoDB read request units by table and index. */
  readonly readUnits: Units;
}

const sorted = (units: Units): Units =>
  Object.fromEntries(Object.entries(units).toSorted(([a], [b]) => (a < b ? -1 : 1)));

export const countsOf = (charges: readonly Charge[]): Counts => ({
  requests: sorted(addUnits(charges.map(({ call, requests }) => ({ [call]: requests })))),
  writeUnits: sorted(addUnits(charges.map((charge) => charge.writeUnits))),
  readUnits: sorted(addUnits(charges.map((charge) => charge.readUnits))),
});

/** Units by table and index, writes and reads together, as the engine tells them; tables that it counts nothing for left out. */
export const toldUnits = ({ told = {} }: Charge): Units =>
  Object.fromEntries(Object.entries(told).filter(([, units]) => units > 0));

export const bytesOf = (charges: readonly Charge[], name: string): number =>
  charges.reduce((sum, { call, bytes }) => sum + (call === name ? bytes : 0), 0);
