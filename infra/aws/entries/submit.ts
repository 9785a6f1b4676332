import { submit } from "../../../functions/submit.ts";
import { composeCalledDependencies } from "../dependencies.ts";

export const handler = submit(composeCalledDependencies());
