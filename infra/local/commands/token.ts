import { resolve } from "node:path";
import { isUuid } from "../../../functions/http/ids.ts";
import { roles, scopes } from "../../../functions/roles.ts";
import { findIssuer, type TokenClaims } from "../issuer.ts";
import { orUsage } from "../or-usage.ts";
import { readFlags, UsageError } from "../read-flags.ts";

const usage = `Prints a token for the service whose data folder this is (CASENOTES_DATA, default .casenotes).

  npm run -s token -- [flags]

  --subject ID       who asks                     user-1
  --name NAME        shown as author of changes   A Clinician
  --role ROLE        clinician
  --scope "A B …"    what the token may do        record:read record:write
  --patients A,B     only these patients          all
  --minutes N        valid for, 1 to 525600       60

Roles: ${Object.keys(roles).join(" ")}
Scopes: ${scopes.join(" ")}
Exit code: 0, 1 when there is no issuer, 2 when the flags are wrong.
`;

const options = {
  subject: { type: "string", default: "user-1" },
  name: { type: "string", default: "A Clinician" },
  role: { type: "string", default: "clinician" },
  scope: { type: "string", default: "record:read record:write" },
  patients: { type: "string" },
  minutes: { type: "string", default: "60" },
  help: { type: "boolean", default: false },
} as const;

const mostMinutes = 525_600;

const knownScopes: ReadonlySet<string> = new Set(scopes);

const wordsOf = (scope: string): readonly string[] => scope.split(" ").filter(Boolean);
const idsOf = (patients: string): readonly string[] => patients.split(",").map((id) => id.trim());

/** What no service would ever take, so that a slip of the pen is seen here and not as a refusal later. */
const checkKnown = ({
  role,
  scope,
  patients,
}: {
  readonly role: string;
  readonly scope: string;
  readonly patients?: string | undefined;
}) => {
  if (!Object.hasOwn(roles, role)) throw new UsageError(`--role has "${role}", which is no role.`);
  for (const word of wordsOf(scope))
    if (!knownScopes.has(word)) throw new UsageError(`--scope has "${word}", which is no scope.`);
  for (const id of patients === undefined ? [] : idsOf(patients))
    if (!isUuid(id)) throw new UsageError(`--patients has "${id}", which is no patient's id.`);
};

const readClaims = (args: readonly string[]): TokenClaims | "help" => {
  const flags = readFlags(args, options);
  if (flags.help) return "help";
  const { subject, name, role, scope, patients, minutes } = flags;
  for (const [flag, value] of Object.entries({ subject, name, role, scope }))
    if (value.trim() === "") throw new UsageError(`--${flag} is empty.`);
  checkKnown(flags);
  if (!/^\d{1,6}$/.test(minutes) || Number(minutes) < 1 || Number(minutes) > mostMinutes)
    throw new UsageError(`--minutes must be a number from 1 to ${mostMinutes}.`);
  return {
    subject,
    name,
    role,
    scope,
    minutes: Number(minutes),
    ...(patients === undefined ? {} : { patients: idsOf(patients) }),
  };
};

const main = async (): Promise<void> => {
  const claims = readClaims(process.argv.slice(2));
  if (claims === "help") {
    process.stdout.write(usage);
    return;
  }
  const folder = resolve(process.env["CASENOTES_DATA"] || ".casenotes");
  const issuer = await findIssuer(folder);
  if (issuer !== undefined) return void process.stdout.write(`${await issuer.mintToken(claims)}\n`);
  process.stderr.write(`There is no issuer in ${folder}: start the service once, or set CASENOTES_DATA.\n`);
  process.exitCode = 1;
};

await orUsage(usage, main);
