import type { VerifiedCaller } from "../dependencies.ts";
import type { HttpContext } from "./exchange.ts";

/** The caller that `authenticate` found. */
export const callerOf = ({ exchange }: HttpContext): VerifiedCaller => {
  if (exchange.caller === undefined) throw new Error("a route works without a caller");
  return exchange.caller;
};
