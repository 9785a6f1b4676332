import { expect, test } from "vitest";
import { segmentsInOrder } from "../../shared/git/segment-id.ts";
import { addNotes, aPatientWith, twoEngines } from "../support/copied-clinic.ts";
import { putCommand } from "../support/write-path.ts";

test("a generation that the destination has reached does not fall with the source's", async () => {
  const { source, there, copy } = await twoEngines();
  const patient = await aPatientWith(source, 2);
  await copy();
  await there.tamper.setGeneration(patient, 7);
  await addNotes(source, patient, 1);
  expect(await copy()).toMatchObject({ copied: 1, notCopied: [] });
  const [here, copied] = [await source.engine.heads.read(patient), await there.engine.heads.read(patient)];
  expect(copied).toMatchObject({ commit: here?.commit, generation: 7 });
});

test("a fencing number that a writer took meanwhile, and used for nothing, is not used again at the destination", async () => {
  const { source, there, copy } = await twoEngines();
  const patient = await aPatientWith(source, 2);
  const { operations, heads } = source.engine;
  let writers = 1;
  const list: typeof operations.list = async (query) => {
    if (writers-- > 0) {
      await heads.acquire(patient, "a writer");
      await heads.release(patient, "a writer");
    }
    return operations.list(query);
  };
  expect(await copy({ operations: { ...operations, list } })).toMatchObject({ notCopied: [] });
  expect((await there.engine.heads.read(patient))?.epoch).toBe((await heads.read(patient))?.epoch);
});

test("other bytes of the same length under the name of a segment are left alone, and the patient is named", async () => {
  const { source, there, copy } = await twoEngines();
  const patient = await aPatientWith(source, 2);
  const id = segmentsInOrder((await source.engine.heads.read(patient))!.packs)[0]!;
  const other = Buffer.from(await source.engine.segments.get(patient, id)).map((byte) => byte ^ 1);
  await there.engine.segments.put(patient, id, other);
  const why = `the destination has other bytes under the name of segment ${id}`;
  expect((await copy()).notCopied).toEqual([{ patientId: patient, why }]);
  expect(Buffer.compare(await there.engine.segments.get(patient, id), other)).toBe(0);
});

test("an operation that went on at the destination is not taken back to what the source has of it", async () => {
  const { source, there, copy } = await twoEngines();
  const patient = await aPatientWith(source, 1);
  const operation = await source.submit(patient, putCommand("notes/parked.md", "x"));
  const nothing = { commit: null, resource: null, etag: null, problem: null, settledAt: "2026-11-21T09:00:01.000Z" };
  const aside = { operationId: operation.id, attempt: 1, state: "parked", ...nothing } as const;
  await source.engine.operations.park(aside);
  await copy();
  await there.engine.operations.redrive(operation.id);
  await there.engine.operations.park({ ...aside, attempt: 2 });
  const why = `operation ${operation.id} has another outcome at the destination`;
  expect((await copy()).notCopied).toEqual([{ patientId: patient, why }]);
  await there.engine.operations.dismiss({ ...aside, attempt: 2, state: "rejected" });
  for (const attempt of [2, 3]) {
    await source.engine.operations.redrive(operation.id);
    await source.engine.operations.park({ ...aside, attempt });
  }
  expect((await copy()).notCopied).toEqual([{ patientId: patient, why }]);
  expect((await there.engine.operations.get([operation.id]))[0]).toMatchObject({ state: "rejected", attempt: 2 });
});
