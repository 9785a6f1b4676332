import { isDeepStrictEqual } from "node:util";
import type { Operation, PatientId } from "../../../shared/operation.ts";
import type { Engine } from "../../../shared/ports.ts";
import type { Copying } from "./copy-record.ts";
import { NotCopied } from "./not-copied.ts";

const pageSize = 100;
/** Rows written side by side. */
const atOnce = 16;

/**
 * A patient's rows by pages, the newest page first and each page the oldest row first: the embedded engine keeps rows of one
 * millisecond in the order of their writing, so those stay on one page.
 */
async function* rowsByPages(
  { operations }: Pick<Engine, "operations">,
  patientId: PatientId,
): AsyncGenerator<readonly Operation[]> {
  let held: readonly Operation[] = [];
  let after: string | undefined;
  do {
    const page = await operations.list({ patientId, limit: pageSize, ...(after !== undefined && { after }) });
    const rows = [...held, ...page.items];
    after = page.next;
    const oldest = after === undefined ? undefined : rows.at(-1)?.submittedAt;
    held = rows.filter(({ submittedAt }) => submittedAt === oldest);
    yield rows.filter(({ submittedAt }) => submittedAt !== oldest).toReversed();
  } while (after !== undefined);
}

const isOpen = ({ state }: Operation): boolean => state === "queued" || state === "parked";

/** What stands is kept unless it is an earlier state of the same operation. Throws NotCopied. */
const checkReplaces = (row: Operation, standing: Operation | undefined): void => {
  if (row.state === "queued")
    throw new NotCopied("operations of it wait: let them be settled, then copy it", { passing: true });
  if (standing === undefined) return;
  const isEarlier = isOpen(standing) && standing.version < row.version && standing.requestHash === row.requestHash;
  if (!isEarlier) throw new NotCopied(`operation ${row.id} has another outcome at the destination`);
};

const payloadOf = async ({ payloads }: Engine, { id, requestHash, state }: Operation) => {
  if (state !== "parked") return undefined;
  const [payload] = await payloads.get([{ operationId: id, requestHash }]);
  return payload;
};

interface Change {
  readonly operation: Operation;
  readonly standing: Operation | undefined;
}

const write = async ({ from, to }: Copying, changes: readonly Change[]): Promise<void> => {
  for (let at = 0; at < changes.length; at += atOnce) {
    await Promise.all(
      changes.slice(at, at + atOnce).map(async ({ operation, standing }) => {
        const payload = await payloadOf(from, operation);
        await to.adoption.putOperation({ operation, standing, payload });
      }),
    );
  }
};

/**
 * Copies the rows of a patient that are not there yet, or have gone on since; returns how many. Throws NotCopied for one that
 * waits, and for one that has another outcome there.
 */
export const copyOperations = async (copying: Copying, patientId: PatientId): Promise<number> => {
  let copied = 0;
  for await (const rows of rowsByPages(copying.from, patientId)) {
    const there = await copying.to.engine.operations.get(rows.map(({ id }) => id));
    const changes = rows.flatMap((operation, index): Change[] => {
      const standing = there[index];
      return isDeepStrictEqual(operation, standing) ? [] : [{ operation, standing }];
    });
    for (const { operation, standing } of changes) checkReplaces(operation, standing);
    await write(copying, changes);
    copied += changes.length;
  }
  return copied;
};
