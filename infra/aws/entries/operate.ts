import { operate } from "../../../functions/operate.ts";
import { composeCalledDependencies } from "../dependencies.ts";

export const handler = operate(composeCalledDependencies());
