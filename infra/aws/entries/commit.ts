import { commitBatch } from "../../../functions/commit.ts";
import { composeSigningDependencies } from "../dependencies.ts";

export const handler = commitBatch(await composeSigningDependencies());
