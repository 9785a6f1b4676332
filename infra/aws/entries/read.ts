import { read } from "../../../functions/read.ts";
import { composeDependencies } from "../dependencies.ts";

export const handler = read(composeDependencies());
