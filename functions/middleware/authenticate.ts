import { Refusal } from "../../shared/errors.ts";
import type { Dependencies } from "../dependencies.ts";
import type { HttpMiddlewareRequest } from "../http/exchange.ts";
import { tokenMissing } from "../http/problem-result.ts";

/** RFC 6750, 2.1: a b64token behind the scheme, whose name ignores case. */
const bearer = /^bearer +([A-Za-z0-9._~+/-]+=*)$/i;

/** Puts the verified caller of the bearer token into the exchange, or refuses with 401. */
export const authenticate = ({ tokens }: Dependencies) => ({
  before: async ({ event, context }: HttpMiddlewareRequest): Promise<void> => {
    const { authorization } = event.headers;
    if (authorization === undefined) throw new Refusal("unauthenticated", tokenMissing);
    const token = bearer.exec(authorization)?.[1];
    if (token === undefined)
      throw new Refusal("unauthenticated", "Send one bearer token: Authorization: Bearer <token>.");
    context.exchange.caller = await tokens.verify(token);
  },
});
