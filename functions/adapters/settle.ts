import { Fault } from "../../shared/errors.ts";
import type { HeadMove, Identifier, Settlement, Summary } from "../../shared/head.ts";
import type { OperationId, Outcome, PatientId } from "../../shared/operation.ts";
import type { AwsStore } from "./aws-store.ts";
import { effectPuts } from "./dynamo-effects.ts";
import { namesIn, onlyIf } from "./dynamo-names.ts";
import { storedId, storedPack, storedReplaced } from "./head-item.ts";
import { identifierKey } from "./identifier-key.ts";
import { timeKey } from "./operation-item.ts";
import { settleOperation } from "./settle-operation.ts";
import { summaryItem } from "./summary-item.ts";
import { type Action, transact } from "./transaction.ts";

type What =
  | { readonly kind: "head" }
  | { readonly kind: "operation"; readonly id: OperationId }
  | { readonly kind: "claim"; readonly identifier: Identifier }
  /** Left out when its condition does not hold: it is void, and the rest is not. */
  | { readonly kind: "may-be-void" };

type SettleAction = Action<What>;

/** Sets and removes keys of the pack map, each by its name: what compaction does to other keys meanwhile stays. */
const packChange = (patientId: PatientId, { packs, replaced, commit, commits, updatedAt }: HeadMove) => {
  const put = Object.entries(packs.put);
  const sets = ["#c = :c", "#n = :n", "#t = :t", "#r = :r", ...put.map((_, n) => `#p.#put${n} = :put${n}`)];
  const removes = ["#lo", "#lu", ...packs.remove.map((_, n) => `#p.#remove${n}`)];
  return {
    update: `SET ${sets.join(", ")} REMOVE ${removes.join(", ")}`,
    names: Object.fromEntries([
      ...put.map(([id], n) => [`#put${n}`, storedId(id)]),
      ...packs.remove.map((id, n) => [`#remove${n}`, storedId(id)]),
    ]) as Record<string, string>,
    values: {
      ":c": commit,
      ":n": commits,
      ":t": timeKey(updatedAt, patientId),
      ":r": storedReplaced(replaced),
      ...Object.fromEntries(put.map(([id, entry], n) => [`:put${n}`, storedPack(id, entry)])),
    },
  };
};

const noChange = { update: "REMOVE #lo, #lu", names: {}, values: {} };

const headAction = ({ names }: AwsStore, { patientId, expected, epoch, head }: Settlement): SettleAction => {
  const { update, names: packNames, values } = head ? packChange(patientId, head) : noChange;
  const condition = `${expected === null ? "attribute_not_exists(#c)" : "#c = :expected"} AND #e = :epoch`;
  return {
    what: { kind: "head" },
    write: {
      Update: {
        TableName: names.tables.heads,
        Key: { id: patientId },
        UpdateExpression: update,
        ConditionExpression: condition,
        ExpressionAttributeNames: { ...namesIn(update, condition), ...packNames },
        ExpressionAttributeValues: { ...values, ":epoch": epoch, ...(expected !== null && { ":expected": expected }) },
      },
    },
  };
};

const operationAction = ({ names }: AwsStore, outcome: Outcome): SettleAction => ({
  what: { kind: "operation", id: outcome.operationId },
  write: { Update: { TableName: names.tables.operations, ...settleOperation(outcome) } },
});

const ownedOrFree = onlyIf("attribute_not_exists(#p) OR #p = :patient");

const identifierActions = (
  { names }: AwsStore,
  { patientId, identifiers: { claim, release } }: Settlement,
): SettleAction[] => {
  const guard = { ...ownedOrFree, ExpressionAttributeValues: { ":patient": patientId } };
  const TableName = names.tables.identifiers;
  return [
    ...release.map((identifier): SettleAction => ({
      what: { kind: "may-be-void" },
      write: { Delete: { TableName, Key: { id: identifierKey(identifier) }, ...guard } },
    })),
    ...claim.map((identifier): SettleAction => ({
      what: { kind: "claim", identifier },
      write: { Put: { TableName, Item: { id: identifierKey(identifier), p: patientId }, ...guard } },
    })),
  ];
};

const notNewer = onlyIf("attribute_not_exists(#n) OR #n <= :commits");

const summaryAction = ({ names }: AwsStore, summary: Summary): SettleAction => ({
  what: { kind: "may-be-void" },
  write: {
    Put: {
      TableName: names.tables.summaries,
      Item: summaryItem(summary),
      ...notNewer,
      ExpressionAttributeValues: { ":commits": summary.commits },
    },
  },
});

const actionsOf = (store: AwsStore, settlement: Settlement): SettleAction[] => [
  headAction(store, settlement),
  ...settlement.outcomes.map((outcome) => operationAction(store, outcome)),
  ...identifierActions(store, settlement),
  // The head says what else is new of it.
  ...(settlement.summary && settlement.summaryChanged ? [summaryAction(store, settlement.summary)] : []),
  ...effectPuts(store, settlement.effects).map((write): SettleAction => ({ what: { kind: "may-be-void" }, write })),
];

const refusalOf = (refused: readonly SettleAction[], patientId: string): Fault | undefined => {
  const whats = refused.map(({ what }) => what);
  if (whats.some(({ kind }) => kind === "head")) return new Fault("fenced", "head or epoch moved", { patientId });
  const operationIds = whats.flatMap((what) => (what.kind === "operation" ? [what.id] : []));
  if (operationIds.length > 0) {
    return new Fault("operations-moved", "operations are no longer queued with this attempt", { operationIds });
  }
  const identifiers = whats.flatMap((what) => (what.kind === "claim" ? [what.identifier] : []));
  if (identifiers.length > 0) {
    return new Fault("identifiers-taken", "identifiers belong to another patient", { identifiers });
  }
  return undefined;
};

const without = (actions: readonly SettleAction[], some: readonly SettleAction[]): SettleAction[] =>
  actions.filter((action) => !some.includes(action));

/**
 * Step 5 of 02-write-path: one TransactWriteItems, at most 100 actions (the batch is cut to that before). All of it, or a
 * Fault that says which condition failed. Throws Fault transient (nothing was written) | outcome-unknown too.
 */
export const settle = async (store: AwsStore, settlement: Settlement): Promise<void> => {
  let actions = actionsOf(store, settlement);
  for (;;) {
    const refused = await transact(store, actions);
    if (refused.length === 0) return;
    const fault = refusalOf(refused, settlement.patientId);
    if (fault) throw fault;
    // Only void ones are left: a summary older than what stands, an identifier given up that is another's by now.
    actions = without(actions, refused);
  }
};
