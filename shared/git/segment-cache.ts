import type { Footer } from "./footer.ts";

/** Keeps what was used last, up to a number of bytes. */
interface ByteCache<V> {
  get(key: string): V | undefined;
  set(key: string, value: V, bytes: number): void;
}

/** What readers keep of segments, which never change under their ids. Keys start with the patient's id. */
export interface SegmentCache {
  readonly footers: ByteCache<Footer>;
  readonly chunks: ByteCache<Uint8Array>;
}

const byteCache = <V>(maxBytes: number): ByteCache<V> => {
  const kept = new Map<string, { readonly value: V; readonly bytes: number }>();
  let total = 0;
  const drop = (key: string): void => {
    total -= kept.get(key)?.bytes ?? 0;
    kept.delete(key);
  };
  return {
    get: (key) => {
      const found = kept.get(key);
      if (found === undefined) return undefined;
      kept.delete(key);
      kept.set(key, found);
      return found.value;
    },
    set: (key, value, bytes) => {
      drop(key);
      if (bytes > maxBytes) return;
      kept.set(key, { value, bytes });
      total += bytes;
      for (const oldest of kept.keys()) {
        if (total <= maxBytes) return;
        drop(oldest);
      }
    },
  };
};

/** A cache of about `maxBytes` for footers and as much for parts of packs. */
export const segmentCache = (maxBytes: number): SegmentCache => ({
  footers: byteCache(maxBytes),
  chunks: byteCache(maxBytes),
});
