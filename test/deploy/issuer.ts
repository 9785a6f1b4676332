import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { exportJWK, generateKeyPair, SignJWT } from "jose";

/** An OpenID issuer of a few lines: publishes one key on loopback and signs tokens with it. */
export const startIssuer = async () => {
  const { privateKey, publicKey } = await generateKeyPair("ES256");
  const jwks = JSON.stringify({ keys: [{ ...(await exportJWK(publicKey)), kid: "1", alg: "ES256", use: "sig" }] });
  const server = createServer((_, res) => res.setHeader("content-type", "application/json").end(jwks));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  const trusted = {
    issuer: "https://id.example.org",
    audience: "casenotes",
    jwksUri: `http://127.0.0.1:${port}/jwks.json`,
    algorithms: ["ES256"],
  } as const;
  return {
    trusted,
    token: (scope: string): Promise<string> =>
      new SignJWT({ name: "A Clinician", role: "clinician", scope })
        .setProtectedHeader({ alg: "ES256", kid: "1" })
        .setIssuer(trusted.issuer)
        .setAudience(trusted.audience)
        .setSubject("user-1")
        .setIssuedAt()
        .setExpirationTime("1h")
        .sign(privateKey),
    close: () => {
      server.closeAllConnections();
      server.close();
    },
  };
};
