import { describe } from "vitest";
import { headsContract } from "../contract/heads.contract.ts";
import { intakeContract } from "../contract/intake.contract.ts";
import { operationsContract } from "../contract/operations.contract.ts";
import { queueContract } from "../contract/queue.contract.ts";
import { settleContract } from "../contract/settle.contract.ts";
import { effectsContract, segmentsContract, summariesContract } from "../contract/stored.contract.ts";
import type { EngineUnderTest, OpenEngine, Tamper } from "../support/engines.ts";
import { simulatedEngine } from "./engine.ts";
import { emptyStore, type Store } from "./store.ts";
import { identifierKey } from "./store-heads.ts";

const tamperWith = (store: Store, now: () => number): Tamper => {
  const changeHead = (patientId: string, over: object): void => {
    const stored = store.heads.get(patientId)!;
    store.heads.set(patientId, { ...stored, head: { ...stored.head, ...over } });
  };
  return {
    setHead: async (id, commit) => changeHead(id, { commit }),
    setEpoch: async (id, epoch) => changeHead(id, { epoch }),
    setGeneration: async (id, generation) => changeHead(id, { generation }),
    setLease: async (id, owner, ms) => void store.heads.set(id, { ...store.heads.get(id)!, owner, until: now() + ms }),
    leaseOwner: async (id) => store.heads.get(id)?.owner ?? null,
    setOperation: async (id, over) => {
      const stored = store.operations.get(id)!;
      stored.row = { ...stored.row, ...over };
    },
    setIdentifierOwner: async (identifier, id) => void store.identifiers.set(identifierKey(identifier), id),
    removeOperation: async (id) => void store.operations.delete(id),
  };
};

type Times = NonNullable<Parameters<OpenEngine>[0]>;

interface Kind {
  readonly givesPrefix: boolean;
  readonly rowTakesBytes: number;
}

const open = async (kind: Kind, { leaseMs = 300, visibilityS = 1 }: Times = {}): Promise<EngineUnderTest> => {
  const clock = { now: Date.parse("2026-11-21T09:00:00.000Z") };
  const now = () => clock.now;
  const settings = { ...kind, leaseMs, visibilityMs: visibilityS * 1_000, maxReceiveCount: 3, now };
  const limits = { tailBytes: 1_000, sealedPacks: 4 };
  const store = emptyStore({ ...settings, limits, shuffle: (groups) => groups });
  return {
    engine: simulatedEngine({
      store,
      gate: async (_, effect) => effect(),
      now,
      reach: () => undefined,
      isDoubled: () => false,
    }),
    tamper: tamperWith(store, now),
    ...settings,
    passTime: async (ms) => {
      clock.now += ms;
    },
    [Symbol.asyncDispose]: async () => undefined,
  };
};

const openPrefix: OpenEngine = (times) => open({ givesPrefix: true, rowTakesBytes: -1 }, times);
const openInRows: OpenEngine = (times) => open({ givesPrefix: true, rowTakesBytes: 1_000 }, times);
const openWhole: OpenEngine = (times) => open({ givesPrefix: false, rowTakesBytes: -1 }, times);

/** Unperturbed, the simulated engine is held to the contracts of the real ones: that is what makes it worth trusting. */
describe("Without faults, the simulated engine", () => {
  headsContract(openPrefix);
  settleContract(openPrefix);
  intakeContract(openPrefix);
  operationsContract(openPrefix);
  queueContract(openPrefix, true);
  segmentsContract(openPrefix);
  summariesContract(openPrefix);
  effectsContract(openPrefix);
});

describe("Without faults, the simulated engine that keeps small payloads in rows", () => {
  settleContract(openInRows);
  intakeContract(openInRows);
  operationsContract(openInRows);
});

describe("Without faults, the simulated queue that gives a group as a whole", () => {
  queueContract(openWhole);
});
