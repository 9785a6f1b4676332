import type { IncomingMessage } from "node:http";
import { Refusal } from "../../shared/errors.ts";
import type { StreamedResult } from "../../functions/streamed-result.ts";
import { problemAnswer, serverProblem } from "./problem-result.ts";

interface HeadFault {
  readonly status: 400 | 417;
  readonly detail: string;
}

const noHost: HeadFault = { status: 400, detail: "An HTTP/1.1 request needs a Host header." };
const oddHost: HeadFault = { status: 400, detail: "A request has one Host header, with one host." };
const oddVersion: HeadFault = { status: 400, detail: "This server speaks HTTP/1.1 and HTTP/1.0." };
const oddExpectation: HeadFault = { status: 417, detail: "No other expectation than 100-continue can be met." };

/** The parser lets 0.9 and 2.0 pass. Only HTTP/1.1 demands a host (RFC 9112, 3.2) and knows expectations (RFC 9110, 10.1.1). Two hosts came joined by a comma. */
const headFault = ({ headers: { host, expect }, httpVersion }: IncomingMessage): HeadFault | undefined => {
  if (httpVersion !== "1.1" && httpVersion !== "1.0") return oddVersion;
  if (host?.includes(" ") === true) return oddHost;
  if (httpVersion === "1.0") return undefined;
  if (host === undefined) return noHost;
  return expect === undefined || expect.toLowerCase() === "100-continue" ? undefined : oddExpectation;
};

/** The problem of a request whose head cannot be served though it is HTTP; undefined when it can. */
export const refusedHead = (request: IncomingMessage, requestId: string): StreamedResult | undefined => {
  const fault = headFault(request);
  if (fault === undefined) return undefined;
  const problem = serverProblem(requestId, new Refusal("invalid-request", fault.detail));
  return problemAnswer(requestId, { ...problem, status: fault.status });
};
