import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { checkHistories, patientsIn, verdictText } from "../history/check.ts";
import { historiesOf } from "../history/histories.ts";
import { makeLedger, readLedger } from "../history/ledger.ts";
import { startService, type Service } from "../support/service.ts";
import { dealt, mostClients, stageOn, type Stage } from "./bench-run.ts";
import { startDriver } from "./load/driver.ts";

type Progress = (text: string) => void;

const records = 256;
/** No job is to end for its time. */
const forMs = 3_600_000;
const clients = mostClients;

/** Of a hundred operations 89 replace files of many records, ten make files in one record, one edits a file with others. */
const load = async (stage: Stage, operations: number, progress: Progress): Promise<void> => {
  progress(`${operations} operations …`);
  const [tenth, hundredth] = [Math.floor(operations / 10), Math.floor(operations / 100)];
  const updates = operations - tenth - hundredth;
  const seeded = await stage.seed(records);
  await stage.run({ kind: "update", clients, forMs, requests: updates, files: dealt(seeded, clients) });
  const [[made], [edited]] = (await stage.seed(2)) as [(typeof seeded)[0], (typeof seeded)[0]];
  await stage.run({ kind: "create", clients, forMs, requests: tenth, patientId: made!.patientId, folder: "notes/new" });
  await stage.run({ kind: "edit", clients, forMs, requests: hundredth, file: edited! });
  const paths = seeded.map(([file]) => `/v1/patients/${file!.patientId}/files/${file!.path}`);
  await stage.run({ kind: "read", clients, forMs, requests: tenth, paths });
};

const seconds = async <T>(work: () => T | Promise<T>): Promise<{ readonly value: T; readonly text: string }> => {
  const began = performance.now();
  const value = await work();
  return { value, text: `${((performance.now() - began) / 1_000).toFixed(1)} s` };
};

const check = async (service: Service, file: string) => {
  const source = { url: service.url, token: await service.token() };
  const lines = await seconds(() => readLedger(file));
  const histories = await seconds(() => historiesOf(source, patientsIn(lines.value)));
  const verdict = await seconds(() => checkHistories(lines.value, histories.value));
  const times = `cloned and read in ${histories.text}, ledger (${(statSync(file).size / 1e6).toFixed(0)} MB) read in ${lines.text}, checked in ${verdict.text}`;
  return { text: `${verdictText(verdict.value)}\n${times}`, isFine: verdict.value.findings.length === 0 };
};

/** So many operations from the bench's driver, written down one by one and held against the histories that git clones. */
export const checkedRun = async (operations: number, progress: Progress) => {
  const home = mkdtempSync(join(tmpdir(), "casenotes-checked-"));
  try {
    await using service = await startService();
    await using driver = startDriver();
    const file = join(home, "ledger.jsonl");
    makeLedger(file);
    const loaded = await seconds(async () => load(await stageOn(service, driver, file), operations, progress));
    progress(`asked in ${loaded.text}; cloning and checking …`);
    return await check(service, file);
  } finally {
    rmSync(home, { recursive: true });
  }
};
