import { createHash, createPrivateKey, createPublicKey, sign } from "node:crypto";
import type { KeyObject } from "node:crypto";

/** Namespace under which Git signs commits: a signature made for another purpose does not verify as a commit's. */
const namespace = "git";
const keyType = "ssh-ed25519";
const hashAlgorithm = "sha512";

/** A string of the SSH wire format (RFC 4251 section 5): its length in 4 bytes, then its bytes. */
const sshString = (value: Uint8Array | string): Buffer => {
  const bytes = typeof value === "string" ? Buffer.from(value, "latin1") : value;
  const out = Buffer.allocUnsafe(4 + bytes.length);
  out.writeUInt32BE(bytes.length);
  out.set(bytes, 4);
  return out;
};

const version = Buffer.from([0, 0, 0, 1]);
const magic = Buffer.from("SSHSIG");

/** What is signed instead of the message: magic, namespace, reserved, hash algorithm, hash (openssh PROTOCOL.sshsig). */
const toBeSigned = (message: Uint8Array): Buffer =>
  Buffer.concat([
    magic,
    sshString(namespace),
    sshString(""),
    sshString(hashAlgorithm),
    sshString(createHash(hashAlgorithm).update(message).digest()),
  ]);

const armour = (blob: Buffer): string => {
  const lines = blob.toString("base64").match(/.{1,70}/g) ?? [];
  return ["-----BEGIN SSH SIGNATURE-----", ...lines, "-----END SSH SIGNATURE-----"].join("\n");
};

/** An ed25519 public key as SSH writes it on the wire (RFC 8709 section 4). */
const publicKeyBlob = (privateKey: KeyObject): Buffer => {
  const { x } = createPublicKey(privateKey).export({ format: "jwk" });
  return Buffer.concat([sshString(keyType), sshString(Buffer.from(x ?? "", "base64url"))]);
};

const ed25519Key = (pem: string): KeyObject => {
  const privateKey = createPrivateKey(pem);
  if (privateKey.asymmetricKeyType !== "ed25519") {
    throw new TypeError("The signing key must be an ed25519 private key: openssl genpkey -algorithm ed25519");
  }
  return privateKey;
};

export interface SigningKey {
  /** An ed25519 private key, PKCS #8. */
  readonly privateKeyPem: string;
  /** Whom signed commits name as committer; the email is the principal of the allowed-signers line. */
  readonly committer: { readonly name: string; readonly email: string };
}

/**
 * Signs commits with SSH signatures that `git verify-commit` checks (openssh PROTOCOL.sshsig, version 1, ed25519, SHA-512).
 * `sign` takes the commit's bytes without its gpgsig header and gives the armoured text without a last newline.
 * Throws TypeError for a key of another kind.
 */
export const createSigner = ({ privateKeyPem, committer }: SigningKey) => {
  const key = ed25519Key(privateKeyPem);
  const publicKey = publicKeyBlob(key);
  const publicKeyLine = `${keyType} ${publicKey.toString("base64")}`;
  const opening = Buffer.concat([
    magic,
    version,
    sshString(publicKey),
    sshString(namespace),
    sshString(""),
    sshString(hashAlgorithm),
  ]);
  return {
    committer,
    publicKeyLine,
    allowedSigner: `${committer.email} namespaces="${namespace}" ${publicKeyLine}`,
    sign: (commit: Uint8Array): string => {
      const signature = sign(null, toBeSigned(commit), key);
      const wrapped = Buffer.concat([sshString(keyType), sshString(signature)]);
      return armour(Buffer.concat([opening, sshString(wrapped)]));
    },
  };
};
