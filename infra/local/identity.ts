import { generateKeyPairSync } from "node:crypto";
import { createSigner } from "../../shared/git/signature.ts";
import type { Signer } from "../../functions/dependencies.ts";
import { makeDataFolder, readOrCreate } from "./data-folder.ts";
import { openIssuer, type LocalIssuer } from "./issuer.ts";

/** What makes a data folder one installation: who issues its tokens, and who signs its commits. */
export interface Identity {
  readonly issuer: LocalIssuer;
  readonly signer: Signer;
}

const committer = { name: "Casenotes", email: "writer@casenotes.invalid" };

/** Opens the identity of a data folder, making folder and keys on first use; safe in several processes at once. */
export const openIdentity = async (folder: string): Promise<Identity> => {
  await makeDataFolder(folder);
  const [issuer, privateKeyPem] = await Promise.all([
    openIssuer(folder),
    readOrCreate(folder, "signing-key.pem", () => Promise.resolve(newSigningKey())),
  ]);
  return { issuer, signer: createSigner({ privateKeyPem, committer }) };
};

const newSigningKey = (): string =>
  generateKeyPairSync("ed25519").privateKey.export({ type: "pkcs8", format: "pem" }).toString();
