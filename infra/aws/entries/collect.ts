import { collectAll } from "../../../functions/collect.ts";
import { composeDependencies } from "../dependencies.ts";

const deps = composeDependencies();

export const handler = (): Promise<void> => collectAll(deps);
