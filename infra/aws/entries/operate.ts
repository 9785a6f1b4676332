import { operate } from "../../../functions/operate.ts";
import { composeDependencies } from "../dependencies.ts";

export const handler = operate(composeDependencies());
