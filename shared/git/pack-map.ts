/** `<n, 6 base36 digits>w<epoch>-<random>` (writer) or `<n>c<generation>-<random>` (compaction); the part of a segment's key after the patient id. */
export type SegmentId = string;

/** What the head knows of one segment. Small: a head item stays under 2 KB. */
export interface PackEntry {
  /** Number of commits before the segment's first commit. */
  readonly first: number;
  /** Length in bytes of the pack, of the deflated snapshot and of the footer, in this order in the segment. */
  readonly pack: number;
  readonly snapshot: number;
  readonly footer: number;
  /** True once the segment is never rewritten by a writer again. */
  readonly sealed: boolean;
}

/** The segments that make up a repository, by id. At most one is not sealed: the tail. */
export type PackMap = Readonly<Record<SegmentId, PackEntry>>;

/** A change of the pack map that touches only its own keys. */
export interface PackMapChange {
  readonly put: PackMap;
  readonly remove: readonly SegmentId[];
}
