import { deadLetters } from "../../../functions/dead-letters.ts";
import { composeDependencies } from "../dependencies.ts";

export const handler = deadLetters(composeDependencies());
