/** Every scope a token may carry. */
export const scopes = [
  "record:read",
  "record:write",
  "operation:read",
  "registration:declare",
  "registration:validate",
  "registration:register",
  "registration:correct",
  "registration:decide",
  "ops:read",
  "ops:redrive",
  "audit:read",
] as const;

export type Scope = (typeof scopes)[number];

/** What a token that names a role, but carries no `scope` claim, may do. A `scope` claim is taken exactly as it is. */
export const roles: Readonly<Record<string, readonly Scope[]>> = {
  clinician: ["record:read", "record:write"],
  reader: ["record:read"],
  registrar: ["record:read", "registration:validate", "registration:register", "registration:correct"],
  declarant: ["registration:declare"],
  operator: ["operation:read", "ops:read", "ops:redrive"],
  auditor: ["record:read", "operation:read", "audit:read"],
};

const none: readonly Scope[] = [];

/** The scopes of a token: its `scope` claim (separated by spaces), else those of its role. */
export const scopesOf = (scope: string | undefined, role: string): ReadonlySet<string> =>
  new Set(scope === undefined ? (Object.hasOwn(roles, role) ? roles[role] : none) : scope.split(" ").filter(Boolean));
