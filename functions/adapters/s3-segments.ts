import { DeleteObjectsCommand, GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from "@aws-sdk/client-s3";
import { hash } from "node:crypto";
import { Fault } from "../../shared/errors.ts";
import type { SegmentId } from "../../shared/git/pack-map.ts";
import type { PatientId } from "../../shared/operation.ts";
import type { SegmentListing, Segments } from "../../shared/ports.ts";
import { calling, isNamed } from "./aws-faults.ts";
import type { AwsStore } from "./aws-store.ts";

const ending = ".pack";

/** Two hexadecimal digits first: S3 shares its capacity out by what keys begin with, and ids made from the time begin alike. */
const prefixOf = (patientId: PatientId): string => `${hash("sha1", patientId).slice(0, 2)}/${patientId}/`;

const keyOf = (patientId: PatientId, id: SegmentId): string => `${prefixOf(patientId)}${id}${ending}`;

/** Most keys of one DeleteObjects. */
const mostDeleted = 1_000;

type Range = { readonly from: number; readonly to: number };

const get = async (
  { clients, names }: AwsStore,
  { patientId, id }: { readonly patientId: PatientId; readonly id: SegmentId },
  range: Range | undefined,
): Promise<Uint8Array> => {
  if (range && range.to <= range.from) return new Uint8Array();
  const command = new GetObjectCommand({
    Bucket: names.bucket,
    Key: keyOf(patientId, id),
    ...(range && { Range: `bytes=${range.from}-${range.to - 1}` }),
  });
  return calling("GetObject", async () => {
    try {
      const { Body } = await clients.s3.send(command);
      return (await Body?.transformToByteArray()) ?? new Uint8Array();
    } catch (cause) {
      if (!isNamed(cause, "NoSuchKey")) throw cause;
      throw new Fault("segment-missing", "a segment is gone: read the head again", { segmentId: id }, { cause });
    }
  });
};

const remove = async ({ clients, names }: AwsStore, patientId: PatientId, ids: readonly SegmentId[]): Promise<void> => {
  for (let start = 0; start < ids.length; start += mostDeleted) {
    const Objects = ids.slice(start, start + mostDeleted).map((id) => ({ Key: keyOf(patientId, id) }));
    const command = new DeleteObjectsCommand({ Bucket: names.bucket, Delete: { Objects, Quiet: true } });
    const { Errors = [] } = await calling("DeleteObjects", () => clients.s3.send(command));
    const [first] = Errors;
    if (first) throw new Fault("transient", "DeleteObjects failed in part", { error: first.Code ?? "unknown" });
  }
};

const list = async ({ clients, names }: AwsStore, patientId: PatientId): Promise<SegmentListing[]> => {
  const Prefix = prefixOf(patientId);
  const listed: SegmentListing[] = [];
  let StartAfter: string | undefined;
  do {
    const command = new ListObjectsV2Command({ Bucket: names.bucket, Prefix, ...(StartAfter && { StartAfter }) });
    const { Contents = [], IsTruncated } = await calling("ListObjectsV2", () => clients.s3.send(command));
    for (const { Key = "", Size = 0 } of Contents)
      if (Key.endsWith(ending)) listed.push({ id: Key.slice(Prefix.length, -ending.length), bytes: Size });
    StartAfter = IsTruncated === true ? Contents.at(-1)?.Key : undefined;
  } while (StartAfter !== undefined);
  return listed;
};

/** Segments in S3, one object each, under `<hh>/<patientId>/<id>.pack`. The SDK adds a checksum, which S3 checks. */
export const s3Segments = (store: AwsStore): Segments => ({
  put: async (patientId, id, bytes) => {
    const { clients, names } = store;
    const command = new PutObjectCommand({ Bucket: names.bucket, Key: keyOf(patientId, id), Body: bytes });
    await calling("PutObject", () => clients.s3.send(command));
  },
  get: (patientId, id, range) => get(store, { patientId, id }, range),
  delete: (patientId, ids) => remove(store, patientId, ids),
  list: (patientId) => list(store, patientId),
});
