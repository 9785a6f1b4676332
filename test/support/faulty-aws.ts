import { setTimeout as sleep } from "node:timers/promises";
import type { AwsClients } from "../../functions/aws-clients.ts";

/** What goes wrong with one call, below the SDK's retries and above its connection. */
export const awsFaults = ["answer lost", "503", "throttled", "conflict", "reset"] as const;
type AwsFault = (typeof awsFaults)[number];

export interface Injection {
  /** The SDK's command, as `PutItemCommand`, and what it works on when it works on several things. */
  readonly call: string;
  readonly fault: AwsFault;
  /** How many of these calls go wrong, one after the other. */
  readonly times: number;
}

export interface Injector {
  readonly clients: AwsClients;
  /** Calls that went wrong since it was armed. */
  hits(): number;
  /** All calls, by name, in order. */
  readonly calls: readonly string[];
  arm(injection: Injection): void;
  /** No call goes wrong from here on. */
  disarm(): void;
}

const response = (statusCode: number, body: string, headers: Record<string, string> = {}) => ({
  response: { statusCode, headers, body: Buffer.from(body) },
});

const json = (statusCode: number, type: string, more: object = {}) =>
  response(statusCode, JSON.stringify({ __type: type, message: type, ...more }), {
    "content-type": "application/x-amz-json-1.0",
  });

const xml = (statusCode: number, code: string) =>
  response(statusCode, `<?xml version="1.0"?><Error><Code>${code}</Code><Message>${code}</Message></Error>`, {
    "content-type": "application/xml",
  });

const namespace = "com.amazonaws.dynamodb.v20120810#";

const throttled = (service: string) => {
  if (service === "s3") return xml(503, "SlowDown");
  return json(400, service === "sqs" ? "com.amazonaws.sqs#RequestThrottled" : `${namespace}ThrottlingException`);
};

const conflict = (service: string, call: string, actions: number) => {
  if (service === "s3") return xml(409, "OperationAborted");
  if (service === "sqs") return json(500, "InternalFailure");
  if (!call.startsWith("TransactWriteItems")) return json(400, `${namespace}TransactionConflictException`);
  const CancellationReasons = Array.from({ length: actions }, (_, n) => ({
    Code: n === 0 ? "TransactionConflict" : "None",
  }));
  return json(400, `${namespace}TransactionCanceledException`, { CancellationReasons });
};

const reset = (): never => {
  throw Object.assign(new Error("read ECONNRESET"), { code: "ECONNRESET" });
};

const timedOut = (): never => {
  throw Object.assign(new Error("the answer was lost"), { name: "TimeoutError" });
};

interface Input {
  readonly TableName?: string;
  readonly RequestItems?: object;
  readonly TransactItems?: readonly unknown[];
  readonly UpdateExpression?: string;
}

/** `PutItem payloads`, `BatchGetItem operations`, `UpdateItem heads release`, `ReceiveMessage`, … */
const nameOf = (commandName: string, { TableName, RequestItems, UpdateExpression = "" }: Input): string => {
  const table = TableName ?? Object.keys(RequestItems ?? {})[0];
  const kind = table?.slice(table.lastIndexOf("-") + 1);
  const isRelease = kind === "heads" && UpdateExpression.startsWith("REMOVE");
  return [commandName.replace(/Command$/, ""), kind ?? [], isRelease ? "release" : []].flat().join(" ");
};

/** Puts itself between the SDK and the network of these clients, where answers come in as bytes. */
export const faulty = (clients: AwsClients): Injector => {
  let armed: Injection | undefined;
  let left = 0;
  let hits = 0;
  const calls: string[] = [];
  const isHit = (call: string): AwsFault | undefined => {
    calls.push(call);
    if (armed?.call !== call || left === 0) return undefined;
    left -= 1;
    hits += 1;
    return armed.fault;
  };
  const services = { dynamo: clients.dynamo, dynamoOnce: clients.dynamoOnce, sqs: clients.sqs, s3: clients.s3 };
  for (const [service, client] of Object.entries(services)) {
    // oxlint-disable-next-line typescript/no-explicit-any -- each client has its own types for the same stack
    (client.middlewareStack as any).add(
      // oxlint-disable-next-line typescript/no-explicit-any -- as above
      (next: any, context: { commandName?: string }) => async (args: { input: Input }) => {
        const { input } = args;
        const call = nameOf(context.commandName ?? "", input);
        const fault = isHit(call);
        if (fault === undefined) return next(args);
        if (fault === "answer lost") {
          await next(args);
          await sleep(20);
          return timedOut();
        }
        if (fault === "503") return service === "s3" ? xml(503, "ServiceUnavailable") : json(503, "ServiceUnavailable");
        if (fault === "throttled") return throttled(service);
        if (fault === "conflict") return conflict(service, call, input.TransactItems?.length ?? 0);
        return reset();
      },
      { step: "deserialize", priority: "low", name: "faults" },
    );
  }
  return {
    clients,
    hits: () => hits,
    calls,
    arm: (injection) => {
      armed = injection;
      left = injection.times;
      hits = 0;
    },
    disarm: () => {
      left = 0;
    },
  };
};
