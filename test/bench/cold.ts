import { execFile } from "node:child_process";
import { generateKeyPairSync } from "node:crypto";
import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { promisify } from "node:util";
import { tableDefinitions, type TableName } from "../../functions/adapters/table-definitions.ts";
import { bundleAll, entryNames } from "../../infra/aws/bundles.ts";
import { tableVariable } from "../../infra/aws/environment.ts";
import type { Figure } from "./figures.ts";
import { quantile } from "./load/closed-loop.ts";

const run = promisify(execFile);

/** The most that the JavaScript of one function may have, KB, and that its first import may take, ms. */
const mostKb = 1_000;
const mostMs = 150;

/** One import in a new process, ms: by the clock, and of the CPU, with V8's helping threads. */
interface Import {
  readonly wallMs: number;
  readonly cpuMs: number;
}

/** Node is up already, as in Lambda, whose runtime also brings the global that answers in a stream. */
const script = (file: string): string =>
  `globalThis.awslambda={streamifyResponse:(handler)=>handler};
  const cpu=process.cpuUsage(),from=performance.now();
  await import(${JSON.stringify(file)});
  const wallMs=performance.now()-from,{user,system}=process.cpuUsage(cpu);
  process.stdout.write(JSON.stringify({wallMs,cpuMs:(user+system)/1000}));
  process.exit()`;

type Environment = Readonly<Record<string, string>>;

const environmentOf = (secretsUrl: string): Environment => ({
  ...Object.fromEntries((Object.keys(tableDefinitions) as TableName[]).map((name) => [tableVariable(name), name])),
  CASENOTES_BUCKET: "b",
  CASENOTES_QUEUE_URL: "https://sqs.invalid/q",
  CASENOTES_DEAD_LETTER_QUEUE_URL: "https://sqs.invalid/d",
  CASENOTES_SIGNING_KEY_SECRET: "s",
  CASENOTES_VERSION: "0",
  CASENOTES_BASE_URL: "https://records.invalid",
  CASENOTES_ISSUERS: '[{"issuer":"i","audience":"a","jwksUri":"https://id.invalid/","algorithms":["ES256"]}]',
  AWS_REGION: "eu-central-1",
  AWS_ACCESS_KEY_ID: "test",
  AWS_SECRET_ACCESS_KEY: "test",
  AWS_ENDPOINT_URL_SECRETS_MANAGER: secretsUrl,
});

/** Who signs waits for its key while it is imported: this answers at once, over a socket. */
const startSecrets = async () => {
  const { privateKey } = generateKeyPairSync("ed25519");
  const answer = JSON.stringify({ SecretString: privateKey.export({ type: "pkcs8", format: "pem" }) });
  const server = createServer((request, response) => {
    request.resume();
    response.setHeader("content-type", "application/x-amz-json-1.1").end(answer);
  });
  server.listen(0, "127.0.0.1");
  await once(server, "listening");
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    [Symbol.dispose]: () => void server.close(),
  };
};

const importOnce = async (file: string, environment: Environment): Promise<Import> => {
  const { stdout } = await run(process.execPath, ["--input-type=module", "-e", script(file)], { env: environment });
  return JSON.parse(stdout) as Import;
};

const spread = (sorted: readonly number[]): string => `${sorted[0]?.toFixed(0)} to ${sorted.at(-1)?.toFixed(0)} ms`;

const figuresOf = (name: string, bytes: number, imports: readonly Import[]): readonly Figure[] => {
  const wall = imports.map(({ wallMs }) => wallMs).toSorted((a, b) => a - b);
  const cpu = imports.map(({ cpuMs }) => cpuMs).toSorted((a, b) => a - b);
  return [
    {
      name: `${name}, size`,
      value: bytes / 1_000,
      unit: "KB",
      target: { at: "most", value: mostKb, check: true },
    },
    {
      name: `${name}, cold import`,
      value: quantile(wall, 0.5),
      unit: "ms",
      target: { at: "most", value: mostMs },
      note: `${imports.length} new processes, ${spread(wall)}; CPU ${quantile(cpu, 0.5).toFixed(0)} ms, ${spread(cpu)}`,
    },
  ];
};

export interface ColdOptions {
  /** Empty; holds the bundles afterwards. */
  readonly folder: string;
  /** Imports of each bundle, each in a new process. */
  readonly runs: number;
  progress(text: string): void;
}

/** Bundles every function and measures its size and what its import costs; in turns, so that other work on the machine meets all. */
export const coldFigures = async ({ folder, runs, progress }: ColdOptions): Promise<readonly Figure[]> => {
  const bundles = await bundleAll(folder);
  using secrets = await startSecrets();
  const environment = environmentOf(secrets.url);
  const imports = new Map<string, Import[]>(entryNames.map((name) => [name, []]));
  for (let round = 1; round <= runs; round += 1) {
    progress(`imports, round ${round} of ${runs} …`);
    for (const [name, done] of imports) done.push(await importOnce(join(folder, name, "index.mjs"), environment));
  }
  return entryNames.flatMap((name) => {
    const scripts = Object.entries(bundles.get(name)?.outputs ?? {}).filter(([path]) => path.endsWith(".mjs"));
    const bytes = scripts.reduce((sum, [, output]) => sum + output.bytes, 0);
    return figuresOf(name, bytes, imports.get(name) ?? []);
  });
};
