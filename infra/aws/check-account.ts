import { ListBucketsCommand, S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import { NotDeployable } from "./deploy-flags.ts";

/** The bucket that CDK's bootstrap makes; account and region follow (CDK developer guide, "Bootstrapping"). */
const bootstrapBucket = "cdk-hnb659fds-assets-";

type Environment = Readonly<Record<string, string | undefined>>;

const noCredentials = ({ AWS_PROFILE }: Environment, reason: string): string =>
  AWS_PROFILE
    ? `The profile in AWS_PROFILE gives no AWS credentials: ${reason}`
    : "There are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, to an administrator's.";
const noRegion = "There is no region: set AWS_REGION, to eu-central-1 for example.";

const badCredentials = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidAccessKeyId",
  "InvalidToken",
  "SignatureDoesNotMatch",
  "RequestExpired",
]);

export interface Account {
  readonly region: string;
  /** undefined: the credentials may not ask. */
  readonly isBootstrapped: boolean | undefined;
}

/** Asks, before minutes of work, for what the work needs. Throws NotDeployable that says what is missing, all at once. */
export const checkAccount = async (environment: Environment): Promise<Account> => {
  const client = clientOf(environment);
  try {
    const problems: string[] = [];
    await client.config.credentials().catch((cause) => problems.push(noCredentials(environment, firstLineOf(cause))));
    const region = await client.config.region().catch(() => problems.push(noRegion));
    if (typeof region !== "string" || problems.length > 0) throw new NotDeployable(problems.join("\n"));
    return { region, isBootstrapped: await hasBootstrapBucket(client, region) };
  } finally {
    client.destroy();
  }
};

/** AWS_DEFAULT_REGION is what the aws command reads; without either, CDK would quietly deploy to us-east-1. */
const clientOf = (environment: Environment): S3Client => {
  const region = environment["AWS_REGION"] || environment["AWS_DEFAULT_REGION"];
  const forcePathStyle = Boolean(environment["AWS_ENDPOINT_URL"]);
  return new S3Client({ ...(region && { region }), forcePathStyle, maxAttempts: 2 });
};

/** What the SDK says of a profile, an expired sign-in for one; it quotes names, no secrets. */
const firstLineOf = (cause: unknown): string => (cause instanceof Error ? (cause.message.split("\n")[0] ?? "") : "");

const hasBootstrapBucket = async (client: S3Client, region: string): Promise<boolean | undefined> => {
  try {
    const { Buckets = [] } = await client.send(new ListBucketsCommand({ Prefix: bootstrapBucket }));
    return Buckets.some(({ Name = "" }) => Name.startsWith(bootstrapBucket) && Name.endsWith(`-${region}`));
  } catch (cause) {
    if (!(cause instanceof Error)) throw cause;
    if (badCredentials.has(cause.name))
      throw new NotDeployable(`AWS does not take the credentials (${cause.name}): sign in again.`, { cause });
    // A right that is missing here says nothing about the rest: CDK will tell.
    if (cause instanceof S3ServiceException) return undefined;
    throw new NotDeployable(`AWS cannot be reached: ${codeOf(cause)}.`, { cause });
  }
};

const codeOf = (cause: Error): string => ("code" in cause && typeof cause.code === "string" ? cause.code : cause.name);
