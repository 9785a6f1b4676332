import { read } from "../../../functions/read.ts";
import { composeCalledDependencies } from "../dependencies.ts";

export const handler = read(composeCalledDependencies());
