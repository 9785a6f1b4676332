import { randomUUID } from "node:crypto";
import { existsSync } from "node:fs";
import { realpath } from "node:fs/promises";
import type { AwsStore } from "../../../functions/adapters/aws-store.ts";
import { writePathDefaults } from "../../../functions/config.ts";
import type { Engine } from "../../../shared/ports.ts";
import { readAwsSettings } from "../aws-settings.ts";
import { checkWritable, databaseFile, makeDataFolder } from "../data-folder.ts";
import { openReadOnlyEngine } from "../doctor/read-only-engine.ts";
import { openSqliteEngine } from "../sqlite/open-engine.ts";
import { NotReadableHere } from "../sqlite/open-to-read.ts";
import { checkOurs, UnusableDatabase } from "../sqlite/unusable-database.ts";
import type { CopyArguments, Place } from "./copy-arguments.ts";
import type { Copying } from "./copy-record.ts";
import { PlaceUnusable } from "./not-copied.ts";

const { leaseMs, visibilityS, maxReceiveCount } = writePathDefaults;
const clock = { now: Date.now, random: Math.random, newId: randomUUID, reach: () => undefined };
const numbers = { leaseMs, visibilityS, maxReceiveCount, ...clock };

/** The SDK is loaded only where it is used. */
const openAws = async (): Promise<Copying["to"]> => {
  const problems: string[] = [];
  const settings = readAwsSettings(process.env, problems);
  if (problems.length === 0) problems.push(...(await (await import("../check-aws.ts")).missingInAws(settings)));
  if (problems.length > 0) throw new PlaceUnusable(problems.join("\n"));
  const [{ awsClients }, { openAwsEngine }, { awsAdoption }] = await Promise.all([
    import("../../../functions/aws-clients.ts"),
    import("../../../functions/aws-engine.ts"),
    import("../../../functions/adapters/import-record.ts"),
  ]);
  const store: AwsStore = { clients: awsClients(settings), names: settings.names, ...numbers };
  return { engine: openAwsEngine(store), adoption: awsAdoption(store) };
};

const unusable = (folder: string, cause: unknown): unknown => {
  if (cause instanceof NotReadableHere) return new PlaceUnusable(cause.message, { cause });
  if (cause instanceof UnusableDatabase) return new PlaceUnusable(`${cause.message}.`, { cause });
  if (!(cause instanceof Error)) return cause;
  const code = "code" in cause && "syscall" in cause ? `(${String(cause.code)})` : undefined;
  return code === undefined ? cause : new PlaceUnusable(`${folder} cannot be used ${code}.`, { cause });
};

const openOurs = async (file: string): Promise<Engine> => {
  const { db, engine } = await openReadOnlyEngine(file);
  try {
    checkOurs(db, file);
    return engine;
  } catch (cause) {
    await engine.close();
    throw cause;
  }
};

/** For reading only: nothing of the source can be changed by a copy. */
const openSource = async (place: Place): Promise<Engine> => {
  if (place.engine === "aws") return (await openAws()).engine;
  const file = databaseFile(place.folder);
  if (!existsSync(file)) throw new PlaceUnusable(`There is no data in ${place.folder}.`);
  try {
    return await openOurs(file);
  } catch (cause) {
    throw unusable(place.folder, cause);
  }
};

const openDestination = async (place: Place): Promise<Copying["to"]> => {
  if (place.engine === "aws") return openAws();
  try {
    await makeDataFolder(place.folder);
    checkWritable(place.folder);
    const engine = await openSqliteEngine({ file: databaseFile(place.folder), ...numbers });
    return { engine, adoption: engine.adoption };
  } catch (cause) {
    throw unusable(place.folder, cause);
  }
};

const isSameFolder = async (a: Place, b: Place): Promise<boolean> => {
  if (a.engine !== "embedded" || b.engine !== "embedded" || !existsSync(b.folder)) return false;
  return (await realpath(a.folder)) === (await realpath(b.folder));
};

/** Opens both places. Throws PlaceUnusable where one cannot be used, or both are the same. */
export const openPlaces = async ({ from, to }: CopyArguments): Promise<Copying & { close(): Promise<void> }> => {
  const source = await openSource(from);
  try {
    if (await isSameFolder(from, to)) throw new PlaceUnusable("--from and --to are the same folder.");
    const destination = await openDestination(to);
    const close = async (): Promise<void> => {
      await Promise.all([source.close(), destination.engine.close()]);
    };
    return { from: source, to: destination, close };
  } catch (cause) {
    await source.close();
    throw cause;
  }
};
