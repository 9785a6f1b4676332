import { readFlags as readAnyFlags, UsageError } from "../local/read-flags.ts";
import { stages, type StageName } from "./stages.ts";

export const usage = `Deploys a stage to the AWS account of the credentials in the environment. Standard output has where it is, for a shell:

  eval "$(npm run -s deploy -- --stage dev)"     # CASENOTES: the API; CASENOTES_CLONES: large clones

  --stage dev|prod
  --bootstrap    first prepare the account and region for CDK, unless they are
  --trial        dev only: also take the tokens of this folder's own issuer (npm run -s token)
  --yes          do not ask before permissions are added, or a stage is destroyed
  --destroy      dev only: remove the stage

Settings are read from the environment: see docs/deploy.md. Exit code: 0, 1 when it did not succeed, 2 when
the flags are wrong.
`;

const options = {
  stage: { type: "string" },
  bootstrap: { type: "boolean", default: false },
  trial: { type: "boolean", default: false },
  yes: { type: "boolean", default: false },
  destroy: { type: "boolean", default: false },
  help: { type: "boolean", default: false },
} as const;

export interface DeployFlags {
  readonly stage: StageName;
  readonly bootstrap: boolean;
  readonly trial: boolean;
  readonly yes: boolean;
  readonly destroy: boolean;
}

/** What keeps a deployment from starting; its message is for a person. */
export class NotDeployable extends Error {
  override readonly name = "NotDeployable";
}

const isStage = (name: string): name is StageName => Object.hasOwn(stages, name);

/** Reads the command's flags. Throws UsageError, in one line. */
export const readFlags = (args: readonly string[]): DeployFlags | "help" => {
  const { help, stage, ...flags } = parsed(args);
  if (help) return "help";
  const known = Object.keys(stages).join(" or ");
  if (stage === undefined) throw new UsageError(`--stage is missing: ${known}. --help tells more.`);
  if (!isStage(stage)) throw new UsageError(`There is no stage "${stage}": ${known}.`);
  if (flags.destroy && stage !== "dev") throw new UsageError("Only dev can be destroyed: prod holds records.");
  if (flags.trial && stage !== "dev")
    throw new UsageError("Only dev takes a trial's tokens: whoever has their key is everybody.");
  return { stage, ...flags };
};

const parsed = (args: readonly string[]) => {
  try {
    return readAnyFlags(args, options);
  } catch (cause) {
    if (!(cause instanceof UsageError)) throw cause;
    const [reason] = cause.message.split(". ");
    throw new UsageError(`${reason}. --help tells more.`, { cause });
  }
};
