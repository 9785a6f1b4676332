import { git } from "../../../functions/git.ts";
import { composeCalledDependencies } from "../dependencies.ts";
import { streaming } from "../streaming.ts";

const deps = composeCalledDependencies();

/** Clones that are too large for the gateway, through a function URL. */
export const handler = streaming(git(deps), deps.log);
