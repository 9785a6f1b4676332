import { Refusal } from "../../shared/errors.ts";
import type { Facts, ProblemCode } from "../../shared/errors.ts";
import type { Dependencies } from "../dependencies.ts";
import type { WriteRequest } from "./write-request.ts";

interface Asked {
  readonly patientId: string;
  readonly write: Pick<WriteRequest, "prefer" | "path">;
}

/**
 * What a precondition-failed answer adds where the client prefers a representation: the file's tag and content as they are
 * now, read together, so that it can merge and try again. Nothing for other answers.
 */
export const currentFacts = async (
  deps: Dependencies,
  code: ProblemCode,
  { patientId, write: { prefer, path } }: Asked,
): Promise<Facts> => {
  if (code !== "precondition-failed" || !prefer.representation || path === null) return {};
  const version = await deps.records.current(patientId);
  const file = version?.tree.file(path);
  if (version === undefined || file === undefined) return {};
  const content = await deps.records.content(version, file);
  return {
    currentEtag: `"${file.oid}"`,
    current: Buffer.from(content.buffer, content.byteOffset, content.byteLength).toString("utf8"),
  };
};

/** The same refusal, with the current content where it is asked for. */
export const refusedWithCurrent = async (deps: Dependencies, refusal: Refusal, asked: Asked): Promise<Refusal> => {
  const facts = await currentFacts(deps, refusal.code, asked);
  return new Refusal(refusal.code, refusal.message, { ...refusal.facts, ...facts });
};
