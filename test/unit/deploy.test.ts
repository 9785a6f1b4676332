import { execFile } from "node:child_process";
import { once } from "node:events";
import { mkdtempSync, readdirSync, rmSync } from "node:fs";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { fileURLToPath } from "node:url";
import { expect, test } from "vitest";
import { deployedUrls } from "../../infra/aws/deployed-urls.ts";
import { readIssuers } from "../../infra/aws/issuers.ts";
import { trialIssuer } from "../../infra/aws/trial-issuer.ts";

const command = fileURLToPath(new URL("../../infra/aws/deploy.ts", import.meta.url));

const issuer = {
  issuer: "https://id.example.org",
  audience: "casenotes",
  jwksUri: "https://id.example.org/jwks.json",
  algorithms: ["ES256"],
};

const account = { AWS_ACCESS_KEY_ID: "test", AWS_SECRET_ACCESS_KEY: "test", AWS_REGION: "eu-central-1" };

/** The command on a machine without AWS settings, in a home of its own; a `cdk` that is called says so and fails. */
const aMachine = () => {
  const home = mkdtempSync(join(tmpdir(), "casenotes-deploy-test-"));
  const deploy = async (flags: string, env: Readonly<Record<string, string>> = {}) => {
    const settings = { CASENOTES_ISSUERS: JSON.stringify([issuer]), ...env };
    const own = { PATH: "", HOME: home, TMPDIR: home, AWS_EC2_METADATA_DISABLED: "true", ...settings };
    const child = execFile(process.execPath, [command, ...flags.split(" ").filter(Boolean)], { cwd: home, env: own });
    let [stdout, stderr] = ["", ""];
    child.stdout!.on("data", (chunk) => (stdout += String(chunk)));
    child.stderr!.on("data", (chunk) => (stderr += String(chunk)));
    const [code] = await once(child, "close");
    return { code, stdout, stderr };
  };
  return { home, deploy, [Symbol.dispose]: () => rmSync(home, { recursive: true, force: true }) };
};

/** An S3 that answers every request alike. */
const anS3 = async (status: number, body: string) => {
  const server = createServer((_, res) => res.writeHead(status, { "content-type": "application/xml" }).end(body));
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    env: { ...account, AWS_ENDPOINT_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}` },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((closed) => server.close(closed));
    },
  };
};

const buckets = (...names: readonly string[]): string => {
  const each = names.map((name) => `<Bucket><Name>${name}</Name></Bucket>`);
  return `<ListAllMyBucketsResult><Buckets>${each.join("")}</Buckets></ListAllMyBucketsResult>`;
};
const anError = (code: string): string => `<Error><Code>${code}</Code><Message>Quoted: AKIAEXAMPLE</Message></Error>`;

test.for([
  ["", "--stage is missing: dev or prod. --help tells more."],
  ["--stage staging", 'There is no stage "staging": dev or prod.'],
  ["--stage toString", 'There is no stage "toString": dev or prod.'],
  ["--stage", "Option '--stage <value>' argument missing. --help tells more."],
  ["--stage dev --force", "Unknown option '--force'. --help tells more."],
  ["--stage prod --destroy", "Only dev can be destroyed: prod holds records."],
  ["--stage prod --trial", "Only dev takes a trial's tokens: whoever has their key is everybody."],
] as const)("deploy %s is refused in one line, with exit code 2", async ([flags, line]) => {
  using machine = aMachine();
  expect(await machine.deploy(flags)).toEqual({ code: 2, stdout: "", stderr: `${line}\n` });
});

test("--help explains the flags and succeeds", async () => {
  using machine = aMachine();
  const { code, stdout } = await machine.deploy("--help");
  expect([code, stdout]).toEqual([0, expect.stringContaining("--bootstrap")]);
});

test("wrong settings and what the account lacks are named together, without their values", async () => {
  using machine = aMachine();
  const env = { CASENOTES_ISSUERS: "[secret]", CASENOTES_ALARM_EMAIL: "secret", CASENOTES_BASE_URL: "http://secret" };
  const { code, stderr } = await machine.deploy("--stage dev", env);
  expect([code, stderr.trim().split("\n").length]).toEqual([1, 5]);
  expect(stderr).toMatch(/_ISSUERS[^]*_ALARM_EMAIL[^]*_BASE_URL[^]*no AWS credentials[^]*no region/);
  expect(stderr).not.toContain("secret");
});

test("missing credentials and a missing region are one line each, with the remedy", async () => {
  using machine = aMachine();
  const none = await machine.deploy("--stage dev");
  expect([none.code, none.stderr]).toEqual([
    1,
    expect.stringMatching(/^There are no AWS credentials: set [^\n]*\nThere is no region: set AWS_REGION[^\n]*\n$/),
  ]);
  const { AWS_REGION: _, ...keys } = account;
  expect((await machine.deploy("--stage dev", keys)).stderr).toMatch(/^There is no region: [^\n]*\n$/);
});

test("a profile without credentials is one line, with what the SDK says of it", async () => {
  using machine = aMachine();
  const env = { AWS_PROFILE: "clinic", AWS_REGION: "eu-central-1" };
  const { code, stderr } = await machine.deploy("--stage dev", env);
  expect([code, stderr]).toEqual([
    1,
    expect.stringMatching(/^The profile in AWS_PROFILE gives no AWS credentials: [^\n]+\n$/),
  ]);
});

test.for(["ExpiredToken", "InvalidAccessKeyId", "SignatureDoesNotMatch"])(
  "credentials that AWS calls %s are one line, and none of what it said of them",
  async (code) => {
    using machine = aMachine();
    await using s3 = await anS3(403, anError(code));
    const refused = await machine.deploy("--stage dev", s3.env);
    const line = `AWS does not take the credentials (${code}): sign in again.\n`;
    expect(refused).toEqual({ code: 1, stdout: "", stderr: line });
  },
);

test("an AWS that cannot be reached is one line", async () => {
  using machine = aMachine();
  const nowhere = { ...account, AWS_ENDPOINT_URL: "http://127.0.0.1:1" };
  const { code, stderr } = await machine.deploy("--stage dev", nowhere);
  expect([code, stderr]).toEqual([1, "AWS cannot be reached: ECONNREFUSED.\n"]);
});

test.for([[], ["another"], ["cdk-hnb659fds-assets-000000000000-us-east-1"]])(
  "an account with buckets %j is not bootstrapped in its region, and is told how",
  async (names) => {
    using machine = aMachine();
    await using s3 = await anS3(200, buckets(...names));
    const line = "CDK is not bootstrapped in eu-central-1 of this account: add --bootstrap, once.\n";
    expect(await machine.deploy("--stage dev", s3.env)).toEqual({ code: 1, stdout: "", stderr: line });
  },
);

test("a missing cdk is named with its remedy, and nothing is left behind", async () => {
  using machine = aMachine();
  await using s3 = await anS3(200, buckets("cdk-hnb659fds-assets-000000000000-eu-central-1"));
  const line = "The cdk command was not found: run npm ci, then npm run deploy.\n";
  expect(await machine.deploy("--stage dev", s3.env)).toEqual({ code: 1, stdout: "", stderr: line });
  expect(readdirSync(machine.home)).toEqual([]);
});

test("credentials that may not list buckets are left to CDK", async () => {
  using machine = aMachine();
  await using s3 = await anS3(403, anError("AccessDenied"));
  expect((await machine.deploy("--stage dev", s3.env)).stderr).toMatch(/^The cdk command was not found/);
});

test("a trial's issuer is one that a function takes, and carries its public keys only", async () => {
  using machine = aMachine();
  const own = await trialIssuer(join(machine.home, "data"));
  const problems: string[] = [];
  expect(readIssuers(JSON.stringify([own]), problems)).toEqual([own]);
  expect(problems).toEqual([]);
  const { keys } = JSON.parse(Buffer.from(own.jwksUri.split(",")[1]!, "base64").toString());
  expect(keys.map(({ d, kty }: { d?: string; kty: string }) => [d, kty])).toEqual([[undefined, "OKP"]]);
});

test.for([
  [
    "https://abc123.execute-api.eu-central-1.amazonaws.com",
    undefined,
    "https://abc123.execute-api.eu-central-1.amazonaws.com",
  ],
  ["https://records.example.org", undefined, "https://records.example.org"],
  [
    "http://abc123.execute-api.localhost:4566",
    "http://127.0.0.1:4566/",
    "http://127.0.0.1:4566/_aws/execute-api/abc123/$default",
  ],
] as const)("%s at the endpoint %s is CASENOTES=%s for a shell", ([Url, endpoint, url]) => {
  const [first, second] = deployedUrls({ Url, CloneUrl: "https://def.lambda-url.example/" }, endpoint).split("\n");
  expect(first).toBe(`CASENOTES='${url}'`);
  expect(second).toBe(endpoint === undefined ? "CASENOTES_CLONES='https://def.lambda-url.example'" : "");
});
