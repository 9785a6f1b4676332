import { generateKeyPairSync } from "node:crypto";
import { GetSecretValueCommand, PutSecretValueCommand, SecretsManagerClient } from "@aws-sdk/client-secrets-manager";
import type { CloudFormationCustomResourceEvent } from "aws-lambda";

const client = new SecretsManagerClient();

/** A key that is there stays, whatever the stack does: signatures must go on naming the same signer. */
const hasValue = async (secretId: string): Promise<boolean> => {
  try {
    const { SecretString = "" } = await client.send(new GetSecretValueCommand({ SecretId: secretId }));
    return SecretString !== "";
  } catch (cause) {
    if (cause instanceof Error && cause.name === "ResourceNotFoundException") return false;
    throw cause;
  }
};

const createKey = async (secretId: string): Promise<void> => {
  if (await hasValue(secretId)) return;
  const key = generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
  await client.send(new PutSecretValueCommand({ SecretId: secretId, SecretString: key }));
};

const attempt = async (work: () => Promise<void>): Promise<{ readonly Status: string; readonly Reason?: string }> => {
  try {
    await work();
    return { Status: "SUCCESS" };
  } catch (cause) {
    return { Status: "FAILED", Reason: `The signing key was not made: ${cause instanceof Error ? cause.name : "?"}.` };
  }
};

/** Custom resource: the commit signing key (ed25519) is made inside AWS, once, and nobody ever holds it. */
export const handler = async (event: CloudFormationCustomResourceEvent): Promise<void> => {
  const secretId = String(event.ResourceProperties["SecretId"]);
  const outcome = await attempt(async () => {
    if (event.RequestType !== "Delete") await createKey(secretId);
  });
  const { StackId, RequestId, LogicalResourceId } = event;
  const body = { ...outcome, StackId, RequestId, LogicalResourceId, PhysicalResourceId: `signing-key-of-${secretId}` };
  const answer = await fetch(event.ResponseURL, { method: "PUT", body: JSON.stringify(body) });
  if (!answer.ok) throw new Error(`CloudFormation did not take the answer: ${answer.status}`);
};
