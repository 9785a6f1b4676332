import { hash } from "node:crypto";
import type { AwsClients } from "../aws-clients.ts";
import type { EngineOptions } from "../engine-options.ts";
import type { AwsNames } from "./table-definitions.ts";

/** What the adapters of one engine share. */
export interface AwsStore extends EngineOptions {
  readonly clients: AwsClients;
  readonly names: AwsNames;
}

/**
 * Parts of an index that would otherwise have one key: DynamoDB takes about 1,000 writes a second for one key. Raising the
 * number needs nothing else; lowering it would hide what lies in the parts that are no longer looked at.
 */
export const shards: readonly string[] = [..."0123456789abcdef"];

/** A hash, because ids made from the time begin alike. */
export const shardOf = (id: string): string => hash("sha1", id).slice(0, 1);
