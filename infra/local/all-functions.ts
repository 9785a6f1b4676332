import type { Dependencies } from "../../functions/dependencies.ts";
import { git } from "../../functions/git.ts";
import { health } from "../../functions/health.ts";
import { operate } from "../../functions/operate.ts";
import { read } from "../../functions/read.ts";
import type { FunctionName } from "../../functions/routes.ts";
import { status } from "../../functions/status.ts";
import { submit } from "../../functions/submit.ts";
import type { Entry } from "./server.ts";

/** Every function that answers HTTP, built once. */
export const allFunctions = (deps: Dependencies): Readonly<Record<FunctionName, Entry>> => ({
  submit: submit(deps),
  read: read(deps),
  status: status(deps),
  operate: operate(deps),
  git: git(deps),
  health: health(deps),
});
