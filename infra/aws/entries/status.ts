import { status } from "../../../functions/status.ts";
import { composeCalledDependencies } from "../dependencies.ts";

export const handler = status(composeCalledDependencies());
