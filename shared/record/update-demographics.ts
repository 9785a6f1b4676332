import { Fault, Refusal } from "../errors.ts";
import type { Identifier } from "../head.ts";
import type { Command } from "./command.ts";
import { authorOf, commitMessage } from "./commit-message.ts";
import type { DecideContext, Decision, RecordView } from "./decision.ts";
import { readDemographics } from "./demographics-file.ts";
import { demographicsPath } from "./paths.ts";
import { staleFile } from "./preconditions.ts";
import type { RecordTree } from "./view.ts";

export const sameIdentifier = (a: Identifier, b: Identifier): boolean => a.system === b.system && a.value === b.value;

const without = (list: readonly Identifier[], others: readonly Identifier[]): readonly Identifier[] =>
  list.filter((one) => !others.some((other) => sameIdentifier(one, other)));

const identifiersIn = (tree: RecordTree): readonly Identifier[] => {
  const current = readDemographics(tree.pinned(demographicsPath) ?? "");
  if (current instanceof Refusal)
    throw new Fault("damaged", "The demographics of a record are not valid.", current.facts);
  return current.identifiers;
};

/** UpdateDemographics: the client's bytes as they are; claims the identifiers that are new, gives up those that are gone. */
export const updateDemographics = (
  { tree }: RecordView,
  { content, ifMatch }: Extract<Command, { type: "UpdateDemographics" }>,
  { operationId, caller }: DecideContext,
): Decision | Refusal => {
  const demographics = readDemographics(content);
  if (demographics instanceof Refusal) return demographics;
  const current = tree.file(demographicsPath)?.oid;
  if (current !== ifMatch) return staleFile(demographicsPath, current);
  const before = identifiersIn(tree);
  return {
    changes: [{ path: demographicsPath, content }],
    message: commitMessage({
      domain: "record",
      action: "update",
      summary: "Update the demographics",
      command: "UpdateDemographics",
      operationId,
      caller,
    }),
    author: authorOf(caller),
    target: { kind: "file", path: demographicsPath },
    identifiers: {
      claim: without(demographics.identifiers, before),
      release: without(before, demographics.identifiers),
    },
    demographics,
  };
};
