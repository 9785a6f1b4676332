import { submit } from "../../../functions/submit.ts";
import { composeDependencies } from "../dependencies.ts";

export const handler = submit(composeDependencies());
