import { describe, expect, test } from "vitest";
import type { Operation } from "../../shared/operation.ts";
import type { Listed, Page } from "../../shared/ports.ts";
import type { OpenEngine } from "../support/engines.ts";
import { aCaller, aPatientId, anOperation, anOutcome, submitted } from "../support/an-operation.ts";

const at = (second: number): string => new Date(Date.UTC(2026, 10, 21, 9, 0, second)).toISOString();

const pages = async <T>(page: (asked: Page) => Promise<Listed<T>>, limit: number): Promise<T[][]> => {
  const found: T[][] = [];
  let after: string | undefined;
  do {
    const { items, next } = await page(after === undefined ? { limit } : { limit, after });
    found.push([...items]);
    after = next;
  } while (after !== undefined);
  return found;
};

const ids = (operations: readonly Operation[]): string[] => operations.map(({ id }) => id);

const problem = { type: "t", title: "t", status: 503, detail: "d", code: "parked" } as const;
const parking = (operation: Operation) =>
  anOutcome(operation, { state: "parked", commit: null, resource: null, etag: null, problem });

/** What every engine's `Operations` keeps. */
export const operationsContract = (openEngine: OpenEngine): void => {
  describe("operations", () => {
    test("are read in the order asked, with undefined where there is none", async () => {
      await using under = await openEngine();
      const one = await submitted(under.engine);
      const other = await submitted(under.engine, { caller: { ...aCaller, name: "Zoë  Ünal" } });
      const unknown = anOperation().id;
      expect(await under.engine.operations.get([other.id, unknown, one.id])).toEqual([other, undefined, one]);
    });

    test("are listed newest first by submission, page by page, without gap or repetition", async () => {
      await using under = await openEngine();
      const { operations } = under.engine;
      const patientId = aPatientId();
      const seconds = [4, 1, 3, 3, 3, 9, 7];
      for (const second of seconds) await submitted(under.engine, { patientId, submittedAt: at(second) });
      const found = await pages((page) => operations.list({ ...page, patientId }), 2);
      expect(found.map((page) => page.length)).toEqual([2, 2, 2, 1]);
      expect(found.flat().map(({ submittedAt }) => submittedAt)).toEqual([9, 7, 4, 3, 3, 3, 1].map(at));
      expect(new Set(ids(found.flat())).size).toBe(7);
    });

    test("are listed by patient, submitter and state, in every combination", async () => {
      await using under = await openEngine();
      const { engine, tamper } = under;
      const all: Operation[] = [];
      const patients = [aPatientId(), aPatientId()];
      const callers = [aCaller, { ...aCaller, subject: "user-2" }, { ...aCaller, issuer: "https://other.test" }];
      const states = ["queued", "committed", "rejected", "parked"] as const;
      let second = 0;
      for (const patientId of patients) {
        for (const caller of callers) {
          for (const state of states) {
            second += 1;
            const operation = await submitted(engine, { patientId, caller, submittedAt: at(second) });
            await tamper.setOperation(operation.id, { state });
            all.unshift({ ...operation, state });
          }
        }
      }
      for (const patientId of [undefined, ...patients]) {
        for (const submitter of [undefined, ...callers]) {
          for (const state of [undefined, ...states]) {
            const query = { ...(patientId && { patientId }), ...(submitter && { submitter }), ...(state && { state }) };
            const expected = all.filter(
              (operation) =>
                (!patientId || operation.patientId === patientId) &&
                (!submitter ||
                  (operation.caller.subject === submitter.subject && operation.caller.issuer === submitter.issuer)) &&
                (!state || operation.state === state),
            );
            const found = await pages((page) => engine.operations.list({ ...page, ...query }), 5);
            expect(found.flat()).toEqual(expected);
          }
        }
      }
    });

    test("that are queued are counted for one patient, up to a limit", async () => {
      await using under = await openEngine();
      const { engine, tamper } = under;
      const patientId = aPatientId();
      for (let n = 0; n < 4; n += 1) await submitted(engine, { patientId });
      const settled = await submitted(engine, { patientId });
      await tamper.setOperation(settled.id, { state: "committed" });
      await submitted(engine);
      expect(await engine.operations.countQueued(patientId, 50)).toBe(4);
      expect(await engine.operations.countQueued(patientId, 3)).toBe(3);
    });

    test("that are queued since before a time are listed, those of one patient oldest first", async () => {
      await using under = await openEngine();
      const { engine, tamper } = under;
      const patientId = aPatientId();
      const other = await submitted(engine, { submittedAt: at(1) });
      for (const second of [5, 2, 8, 4, 3, 3, 3, 3]) await submitted(engine, { patientId, submittedAt: at(second) });
      const parked = await submitted(engine, { submittedAt: at(1) });
      await tamper.setOperation(parked.id, { state: "parked" });
      const found = await pages((page) => engine.operations.listQueued(at(8), page), 2);
      const of = (id: string) => found.flat().filter((operation) => operation.patientId === id);
      expect(of(patientId).map(({ submittedAt }) => submittedAt)).toEqual([2, 3, 3, 3, 3, 4, 5].map(at));
      expect(of(other.patientId)).toEqual([other]);
      expect(new Set(ids(found.flat())).size).toBe(8);
      expect(found.flat()).toHaveLength(8);
    });

    test.for([
      ["committed", true],
      ["rejected", true],
      ["queued", false],
      ["parked", false],
    ] as const)("that came later and are %s make it known: %s", async ([state, known]) => {
      await using under = await openEngine();
      const { engine, tamper } = under;
      const patientId = aPatientId();
      const later = await submitted(engine, { patientId, submittedAt: at(5) });
      await tamper.setOperation(later.id, { state });
      expect(await engine.operations.laterSettled(patientId, at(4))).toBe(known);
      expect(await engine.operations.laterSettled(patientId, at(5))).toBe(false);
      expect(await engine.operations.laterSettled(aPatientId(), at(4))).toBe(false);
    });
  });

  describe("changing an operation", () => {
    test("tries are written without a new version", async () => {
      await using under = await openEngine();
      const { operations } = under.engine;
      const operation = await submitted(under.engine);
      await operations.setTries(operation.id, 1, 2);
      expect(await operations.get([operation.id])).toEqual([{ ...operation, tries: 2 }]);
    });

    test("parking sets it aside with its problem; it is not settled", async () => {
      await using under = await openEngine();
      const { operations } = under.engine;
      const operation = await submitted(under.engine);
      await operations.park(parking(operation));
      expect(await operations.get([operation.id])).toEqual([{ ...operation, state: "parked", problem, version: 2 }]);
    });

    test("redriving queues it again with the next attempt and no tries", async () => {
      await using under = await openEngine();
      const { operations } = under.engine;
      const operation = await submitted(under.engine);
      await operations.setTries(operation.id, 1, 3);
      await operations.park(parking(operation));
      const again = { ...operation, attempt: 2, tries: 0, version: 3 };
      expect(await operations.redrive(operation.id)).toEqual(again);
      expect(await operations.get([operation.id])).toEqual([again]);
    });

    test("dismissing rejects it for good", async () => {
      await using under = await openEngine();
      const { operations } = under.engine;
      const operation = await submitted(under.engine);
      await operations.park(parking(operation));
      const dismissal = { ...problem, code: "dismissed", status: 409 } as const;
      const row = await operations.dismiss({ ...parking(operation), state: "rejected", problem: dismissal });
      const settledAt = parking(operation).settledAt;
      expect(row).toEqual({ ...operation, state: "rejected", settledAt, problem: dismissal, version: 3 });
      expect(await operations.get([operation.id])).toEqual([row]);
    });

    test("each change takes it from the list of one state to that of the other, for all and for its patient", async () => {
      await using under = await openEngine();
      const { operations } = under.engine;
      const operation = await submitted(under.engine);
      const { id, patientId } = operation;
      const listed = async (): Promise<string[]> => {
        const found: string[] = [];
        for (const state of ["queued", "parked", "rejected"] as const)
          for (const query of [{ state }, { state, patientId }]) {
            const all = (await pages((page) => operations.list({ ...page, ...query }), 10)).flat();
            if (ids(all).includes(id)) found.push("patientId" in query ? `its ${state}` : state);
          }
        if ((await operations.listQueued(at(60), { limit: 10 })).items.length > 0) found.push("for the sweep");
        return [...found, `${await operations.countQueued(patientId, 10)} open`];
      };
      const queued = ["queued", "its queued", "for the sweep", "1 open"];
      const parked = ["parked", "its parked", "0 open"];
      expect(await listed()).toEqual(queued);
      await operations.park(parking(operation));
      expect(await listed()).toEqual(parked);
      await operations.redrive(id);
      expect(await listed()).toEqual(queued);
      await operations.park({ ...parking(operation), attempt: 2 });
      expect(await listed()).toEqual(parked);
      await operations.dismiss({ ...parking(operation), state: "rejected" });
      expect(await listed()).toEqual(["rejected", "its rejected", "0 open"]);
    });
  });

  describe("a change that violates one condition writes nothing:", () => {
    const changes = [
      { change: "tries", of: "state", from: { state: "committed" } },
      { change: "tries", of: "attempt", from: { attempt: 2 } },
      { change: "park", of: "state", from: { state: "committed" } },
      { change: "park", of: "attempt", from: { attempt: 2 } },
      { change: "redrive", of: "state", from: { state: "rejected" } },
      { change: "dismiss", of: "state", from: { state: "committed" } },
    ] as const;

    test.for(changes)("$change, when only the $of is another", async ({ change, from }) => {
      await using under = await openEngine();
      const { operations } = under.engine;
      const operation = await submitted(under.engine);
      if (change === "redrive" || change === "dismiss") await operations.park(parking(operation));
      await under.tamper.setOperation(operation.id, from);
      const before = await operations.get([operation.id]);
      const calls = {
        tries: () => operations.setTries(operation.id, 1, 2),
        park: () => operations.park(parking(operation)),
        redrive: () => operations.redrive(operation.id),
        dismiss: () => operations.dismiss({ ...parking(operation), state: "rejected" }),
      };
      const fault = { name: "Fault", code: "operations-moved", facts: { operationIds: [operation.id] } };
      await expect(calls[change]()).rejects.toMatchObject(fault);
      expect(await operations.get([operation.id])).toEqual(before);
    });
  });
};
