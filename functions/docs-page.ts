import type { OpenApiDocument } from "./openapi.ts";
export const docsPage = (document: OpenApiDocument) => ({ html: JSON.stringify(document), contentSecurityPolicy: "" });
