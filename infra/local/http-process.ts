import { readFileSync } from "node:fs";
import type { AddressInfo } from "node:net";
import type { Engine } from "../../shared/ports.ts";
import { allFunctions } from "./all-functions.ts";
import { isErrno } from "./data-folder.ts";
import { composeDependencies } from "./dependencies.ts";
import { entryOf, issuerPages } from "./entry.ts";
import { localHints } from "./hints.ts";
import { joinSupervisor, misconfigured } from "./member.ts";
import { tokenVerifier } from "../../functions/tokens.ts";
import { backlog, localServer, type LocalServer } from "./server.ts";
import { readSettings, type Settings } from "./settings.ts";
import { starting } from "./starting.ts";

/** Open requests are cut after this long of draining, ms; the supervisor allows a little more. */
const mostDrainMs = 5_000;

const apiBodyLimit = 256 * 1024;
const gitBodyLimit = 1_000_000;

const listen = async ({ server }: LocalServer, settings: Settings): Promise<string> => {
  const port = Number(process.env["CASENOTES_RESTART_PORT"] ?? settings.port);
  await new Promise<void>((resolve, reject) => {
    server.once("error", reject);
    server.listen({ host: settings.host, port, backlog }, () => {
      server.off("error", reject);
      resolve();
    });
  });
  const { port: actual } = server.address() as AddressInfo;
  return settings.publicUrl ?? `${settings.tls ? "https" : "http"}://${urlHost(settings.host)}:${actual}`;
};

/** A wildcard address is not one that a client can ask. */
const urlHost = (host: string): string => {
  if (host === "0.0.0.0" || host === "::") return "127.0.0.1";
  return host.includes(":") ? `[${host}]` : host;
};

/** Why it cannot listen, where the operator can help; undefined for anything else. */
const whyDeaf = (cause: unknown, { host, port }: Settings): string | undefined => {
  if (isErrno(cause, "EADDRINUSE")) return `Port ${port} on ${host} is in use: stop what listens there, or set PORT.\n`;
  if (isErrno(cause, "EADDRNOTAVAIL") || isErrno(cause, "ENOTFOUND"))
    return `${host} is not an address of this machine: set HOST to one that is.\n`;
  if (isErrno(cause, "EACCES")) return `Port ${port} on ${host} is not for this user to open: set PORT.\n`;
  return undefined;
};

const main = async (): Promise<void> => {
  const hints = localHints((message) => member.tell(message));
  const member = joinSupervisor("http", { onHint: hints.receive, onDrain: () => stop() });
  const settings = readSettings(process.env, process.argv.slice(2));
  let entry = starting;
  let engine: Engine | undefined;
  const local = localServer({
    entry: (event, invocation) => entry(event, invocation),
    log: member.log,
    now: Date.now,
    bodyLimit: (path) => (path.startsWith("/git/") ? gitBodyLimit : apiBodyLimit),
    ...(settings.tls && {
      tls: { key: readFileSync(settings.tls.keyFile, "utf8"), cert: readFileSync(settings.tls.certFile, "utf8") },
    }),
  });
  const stop = async () => {
    const cut = setTimeout(() => local.server.closeAllConnections(), mostDrainMs);
    await local.drain();
    clearTimeout(cut);
    await engine?.close();
    member.log("info", "http.ended", { ...local.counts });
  };
  try {
    const url = await listen(local, settings);
    const deps = await composeDependencies({ settings, hints, member, baseUrl: url, verifier: tokenVerifier });
    engine = deps.engine;
    entry = entryOf(allFunctions(deps), issuerPages(deps.identity.issuer, url));
    member.tell({ kind: "ready", url });
  } catch (cause) {
    const text = whyDeaf(cause, settings);
    if (text === undefined) throw cause;
    process.stderr.write(text);
    member.exit(process.env["CASENOTES_RESTART_PORT"] === undefined ? misconfigured : 1);
  }
};

await main();
