import { Fault, Refusal } from "../shared/errors.ts";
import type { Oid } from "../shared/git/oid.ts";
import type { Demographics } from "../shared/record/command.ts";
import { readDemographics } from "../shared/record/demographics-file.ts";
import { demographicsPath } from "../shared/record/paths.ts";
import type { RecordTree } from "../shared/record/view.ts";

const mostKept = 5_000;

/**
 * Reads a record's demographics from its tree, remembering what the last files said: parsing YAML costs more than the
 * rest of a commit, and the file rarely changes. Throws Fault damaged when the stored file is not valid.
 */
export const demographicsReader = (): ((tree: RecordTree) => Demographics) => {
  const known = new Map<Oid, Demographics>();
  return (tree) => {
    const oid = tree.file(demographicsPath)?.oid ?? "";
    const kept = known.get(oid);
    if (kept !== undefined) return kept;
    const read = readDemographics(tree.pinned(demographicsPath) ?? "");
    if (read instanceof Refusal) throw new Fault("damaged", "The demographics of a record are not valid.", { oid });
    known.set(oid, read);
    for (const oldest of known.keys()) {
      if (known.size <= mostKept) break;
      known.delete(oldest);
    }
    return read;
  };
};
