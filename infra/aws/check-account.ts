import { ListBucketsCommand, S3Client, S3ServiceException } from "@aws-sdk/client-s3";
import { NotDeployable } from "./deploy-flags.ts";

/** The bucket that CDK's bootstrap makes; account and region follow (CDK developer guide, "Bootstrapping"). */
const bootstrapBucket = "cdk-hnb659fds-assets-";

const noCredentials =
  "There are no AWS credentials: set AWS_PROFILE, or AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY, to an administrator's.";
const noRegion = "There is no region: set AWS_REGION, to eu-central-1 for example.";

const badCredentials = new Set([
  "ExpiredToken",
  "ExpiredTokenException",
  "InvalidAccessKeyId",
  "InvalidToken",
  "SignatureDoesNotMatch",
  "RequestExpired",
]);

type Environment = Readonly<Record<string, string | undefined>>;

export interface Account {
  readonly region: string;
  /** undefined: the credentials may not ask. */
  readonly isBootstrapped: boolean | undefined;
}

/** Asks, before minutes of work, for what the work needs. Throws NotDeployable that says what is missing, all at once. */
export const checkAccount = async (environment: Environment): Promise<Account> => {
  const client = clientOf(environment);
  try {
    const region = await found(client.config.region);
    const credentials = await found(client.config.credentials);
    if (region === undefined || credentials === undefined) {
      const problems = [credentials === undefined ? noCredentials : "", region === undefined ? noRegion : ""];
      throw new NotDeployable(problems.filter(Boolean).join("\n"));
    }
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

/** The SDK throws where its chain of sources ends without a value, and says nothing else by it. */
const found = async <T>(read: () => Promise<T>): Promise<T | undefined> => {
  try {
    return await read();
  } catch (cause) {
    if (cause instanceof Error) return undefined;
    throw cause;
  }
};

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
