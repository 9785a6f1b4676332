import { DeleteObjectsCommand, ListObjectVersionsCommand, type S3Client } from "@aws-sdk/client-s3";

export interface BringBack {
  readonly bucket: string;
  /** Segments deleted at or after this time come back. */
  readonly since: Date;
  readonly dryRun: boolean;
}

/**
 * Takes away the delete markers of a versioned bucket that are newer than a time: what they hide is there again, as long as
 * its version is kept (40 days). Needs s3:DeleteObjectVersion, which no function has. Returns how many.
 */
export const bringBackSegments = async (s3: S3Client, { bucket, since, dryRun }: BringBack): Promise<number> => {
  let [count, KeyMarker, VersionIdMarker] = [0, undefined as string | undefined, undefined as string | undefined];
  do {
    const page = await s3.send(
      new ListObjectVersionsCommand({
        Bucket: bucket,
        ...(KeyMarker !== undefined && { KeyMarker }),
        ...(VersionIdMarker !== undefined && { VersionIdMarker }),
      }),
    );
    const hiding = (page.DeleteMarkers ?? []).filter(
      ({ IsLatest, LastModified }) => IsLatest === true && LastModified !== undefined && LastModified >= since,
    );
    const Objects = hiding.map(({ Key = "", VersionId = "" }) => ({ Key, VersionId }));
    if (Objects.length > 0 && !dryRun) {
      const { Errors = [] } = await s3.send(
        new DeleteObjectsCommand({ Bucket: bucket, Delete: { Objects, Quiet: true } }),
      );
      if (Errors[0] !== undefined) throw new Error(`S3 does not bring back a segment: ${Errors[0].Code ?? "unknown"}`);
    }
    count += Objects.length;
    [KeyMarker, VersionIdMarker] = [page.NextKeyMarker, page.NextVersionIdMarker];
    if (page.IsTruncated !== true) return count;
  } while (KeyMarker !== undefined);
  return count;
};
