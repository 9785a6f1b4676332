import { health } from "../../../functions/health.ts";
import { composeSigningDependencies } from "../dependencies.ts";

export const handler = health(await composeSigningDependencies());
