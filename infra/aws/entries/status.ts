import { status } from "../../../functions/status.ts";
import { composeDependencies } from "../dependencies.ts";

export const handler = status(composeDependencies());
