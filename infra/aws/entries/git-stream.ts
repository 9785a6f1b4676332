import { git } from "../../../functions/git.ts";
import { composeCalledDependencies } from "../dependencies.ts";
import { streaming } from "../streaming.ts";

/** Clones of any size, through a function URL. */
export const handler = streaming(git(composeCalledDependencies()));
