import { Fault } from "../../../shared/errors.ts";
import type { SegmentId } from "../../../shared/git/pack-map.ts";
import type { PatientId } from "../../../shared/operation.ts";
import type { SegmentListing, Segments } from "../../../shared/ports.ts";
import { insertSegment, listSegments, readSegment, removeSegment } from "./segment-rows.ts";
import type { Range } from "./segment-rows.ts";
import type { Store } from "./store.ts";

interface Waiting {
  readonly patientId: PatientId;
  readonly id: SegmentId;
  readonly bytes: Uint8Array;
}

/** A put that no settle takes along is written after this time. */
const lingerMs = 20;

const keyOf = (patientId: PatientId, id: SegmentId): string => `${patientId}/${id}`;

const slice = (bytes: Uint8Array, range: Range): Uint8Array => (range ? bytes.slice(range.from, range.to) : bytes);

/** Puts wait here for the transaction of their settle, so that both share one sync of the disk. */
const segmentBuffer = ({ writer }: Store) => {
  const waiting = new Map<string, Waiting>();
  let timer: NodeJS.Timeout | undefined;
  // A failed transaction leaves the segment waiting: the next one takes it.
  const linger = (): void => {
    timer = undefined;
    if (waiting.size > 0) writer.flush().catch(startTimer);
  };
  const startTimer = (): void => {
    timer ??= setTimeout(linger, lingerMs);
  };
  const add = (segment: Waiting): void => {
    const key = keyOf(segment.patientId, segment.id);
    waiting.set(key, segment);
    writer.writeAlong({
      run: (sql) => {
        if (waiting.has(key)) insertSegment(sql, segment);
      },
      committed: () => {
        waiting.delete(key);
        if (waiting.size > 0) return;
        clearTimeout(timer);
        timer = undefined;
      },
    });
    startTimer();
  };
  return { waiting, add };
};

const list = async (store: Store, waiting: Iterable<Waiting>, patientId: PatientId): Promise<SegmentListing[]> => {
  const mine = [...waiting].filter((segment) => segment.patientId === patientId);
  return [...listSegments(store.reader, patientId), ...mine.map(({ id, bytes }) => ({ id, bytes: bytes.length }))];
};

/** Segments in rows of the same file as the heads. */
export const sqliteSegments = (store: Store): Segments => {
  const { waiting, add } = segmentBuffer(store);
  return {
    put: async (patientId, id, bytes) => {
      add({ patientId, id, bytes });
      if (store.armed("after-segment")) await store.writer.flush();
    },
    get: async (patientId, id, range) => {
      const buffered = waiting.get(keyOf(patientId, id));
      const bytes = buffered ? slice(buffered.bytes, range) : readSegment(store.reader, { patientId, id }, range);
      if (!bytes) throw new Fault("segment-missing", "a segment is gone: read the head again", { segmentId: id });
      return bytes;
    },
    delete: async (patientId, ids) => {
      if (ids.length === 0) return;
      for (const id of ids) waiting.delete(keyOf(patientId, id));
      await store.writer.write("process-end", (sql) => {
        for (const id of ids) removeSegment(sql, patientId, id);
      });
    },
    list: (patientId) => list(store, waiting.values(), patientId),
  };
};
