import { Refusal } from "../../shared/errors.ts";

/** Longest wait a client may ask for, seconds. */
export const maxWaitS = 25;

/** What a request prefers (RFC 7240). */
export interface Preferences {
  /** Seconds to wait for an outcome; undefined: none asked for. */
  readonly wait: number | undefined;
  readonly respondAsync: boolean;
  readonly representation: boolean;
}

const none: Preferences = { wait: undefined, respondAsync: false, representation: false };
const onlyWait = /^wait=([0-9]{1,2})$/;
const preference = /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s";]*)))?\s*(?:;|$)/;
const comma = /,(?=(?:[^"]*"[^"]*")*[^"]*$)/;

/** Reads `Prefer`; unknown preferences are ignored, as RFC 7240 asks. Throws Refusal invalid-request for a wait that is not 0–25. */
export const readPreferences = (header: string | undefined): Preferences => {
  if (header === undefined) return none;
  const plain = onlyWait.exec(header);
  if (plain?.[1] !== undefined) return { ...none, wait: waitOf(plain[1]) };
  const found = new Map<string, string>();
  for (const part of header.slice(0, 1_000).split(comma)) {
    const match = preference.exec(part.trim());
    const name = match?.[1]?.toLowerCase();
    // The first of several counts (RFC 7240, 2).
    if (name !== undefined && !found.has(name)) found.set(name, match?.[2] ?? match?.[3] ?? "");
  }
  const wait = found.get("wait");
  return {
    wait: wait === undefined ? undefined : waitOf(wait),
    respondAsync: found.has("respond-async"),
    representation: found.get("return")?.toLowerCase() === "representation",
  };
};

const waitOf = (text: string): number => {
  if (/^[0-9]{1,2}$/.test(text) && Number(text) <= maxWaitS) return Number(text);
  throw new Refusal("invalid-request", `Prefer: wait is a whole number of seconds from 0 to ${maxWaitS}.`, {
    field: "Prefer",
  });
};

/** `Preference-Applied`, where anything was asked for that is done; `representation`: the answer carries it. */
export const appliedPreferences = (
  { wait, respondAsync }: Preferences,
  representation = false,
): Record<string, string> => {
  const applied = [
    ...(wait === undefined ? [] : [`wait=${wait}`]),
    ...(respondAsync && wait === undefined ? ["respond-async"] : []),
    ...(representation ? ["return=representation"] : []),
  ];
  return applied.length === 0 ? {} : { "preference-applied": applied.join(", ") };
};
