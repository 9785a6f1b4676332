import { git } from "../../../functions/git.ts";
import type { HttpHandler } from "../../../functions/http/http-function.ts";
import { composeCalledDependencies } from "../dependencies.ts";
import { wholeAnswer } from "../whole-answer.ts";

const answer = git(composeCalledDependencies());
const streamingUrl = process.env["CASENOTES_STREAMING_URL"] ?? "the streaming URL";

/** Small clones, at the address of everything else. */
export const handler = async (...[event, context]: Parameters<HttpHandler>) =>
  wholeAnswer(await answer(event, context), streamingUrl);
