import { setImmediate as nextTurn } from "node:timers/promises";
import { setFlagsFromString } from "node:v8";
import { runInNewContext } from "node:vm";

/** What runs a whole garbage collection; nothing but these tests wants it. */
const garbageCollector = (): (() => void) => {
  setFlagsFromString("--expose-gc");
  return runInNewContext("gc") as () => void;
};

/** Bytes that live objects and buffers of this process take. */
export const liveBytes = async (): Promise<number> => {
  const collect = garbageCollector();
  await nextTurn();
  collect();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

/**
 * Counts at each read how many bytes of all that was read so far is still held by anybody: whole buffers, since a small part
 * of one keeps it all. `read` gives a new buffer each time, as a store does.
 */
export const heldReads = <Args extends readonly unknown[]>(read: (...args: Args) => Promise<Uint8Array>) => {
  const collect = garbageCollector();
  const given = new Set<WeakRef<ArrayBufferLike>>();
  let most = 0;
  let total = 0;
  const now = async (): Promise<number> => {
    // What was referred to weakly in a turn is kept until it ends.
    await nextTurn();
    collect();
    let bytes = 0;
    for (const one of given) {
      const buffer = one.deref();
      if (buffer === undefined) given.delete(one);
      else bytes += buffer.byteLength;
    }
    return bytes;
  };
  return {
    read: async (...args: Args): Promise<Uint8Array> => {
      const bytes = await read(...args);
      given.add(new WeakRef(bytes.buffer));
      total += bytes.length;
      most = Math.max(most, await now());
      return bytes;
    },
    /** Bytes that are held now. */
    now,
    /** Most bytes that were held at a read, those that it gave among them. */
    most: (): number => most,
    /** Bytes that were read in all. */
    total: (): number => total,
  };
};
