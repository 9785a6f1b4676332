import { DynamoDBClient, type ConsumedCapacity } from "@aws-sdk/client-dynamodb";
import { DynamoDBDocumentClient, GetCommand, QueryCommand, ScanCommand } from "@aws-sdk/lib-dynamodb";
import { tableDefinitions, type TableName } from "../../functions/adapters/table-definitions.ts";
import type { AwsClients } from "../../functions/aws-clients.ts";
import { addUnits, itemSize, keyNames, readUnits, writeUnits, type Item, type Units } from "./dynamo-units.ts";

/** What AWS charges for one call. */
export interface Charge {
  /** `PutItem operations`, `Query operations/byPatient`, `TransactWriteItems`, `PutObject`, … */
  readonly call: string;
  readonly writeUnits: Units;
  readonly readUnits: Units;
  /** Units as the engine itself counts them, by table and index; undefined for calls of other services. */
  readonly told: Units | undefined;
  /** Bytes that were put into S3, or read from it. */
  readonly bytes: number;
  /** SQS counts a request for each 64 KB of what it carries. */
  readonly requests: number;
}

type Input = Readonly<Record<string, unknown>>;

const tableOf = (name: string): TableName => {
  const kind = name.slice(name.lastIndexOf("-") + 1);
  if (!(kind in tableDefinitions)) throw new Error(`${name} is no table of ours`);
  return kind as TableName;
};

interface Target {
  readonly name: string;
  readonly key: Item;
}

const keyOf = (name: string, item: Item): Item =>
  Object.fromEntries(keyNames(tableDefinitions[tableOf(name)]).map((attribute) => [attribute, item[attribute]]));

interface Action {
  readonly TableName: string;
  readonly Key?: Item;
  readonly Item?: Item;
}

const targetOf = ({ TableName, Key, Item }: Action): Target => ({
  name: TableName,
  key: Key ?? keyOf(TableName, Item ?? {}),
});

type WriteRequest = { readonly PutRequest?: { Item: Item }; readonly DeleteRequest?: { Key: Target["key"] } };

/** The items that a call writes; none for a read. */
const targetsOf = (command: string, input: Input): readonly Target[] => {
  if (/^(Put|Update|Delete)Item$/.test(command)) return [targetOf(input as Partial<Action> as Action)];
  if (command === "TransactWriteItems")
    return (input["TransactItems"] as Record<string, Action>[]).flatMap((item) => Object.values(item).map(targetOf));
  if (command !== "BatchWriteItem") return [];
  return Object.entries(input["RequestItems"] as Record<string, WriteRequest[]>).flatMap(([name, writes]) =>
    writes.map(({ PutRequest, DeleteRequest }) => ({
      name,
      key: DeleteRequest?.Key ?? keyOf(name, PutRequest?.Item ?? {}),
    })),
  );
};

/** Bytes that a query or a scan looks at: a filter and a count leave none of them out. */
const bytesLookedAt = async (dynamo: DynamoDBDocumentClient, command: string, input: Input): Promise<number> => {
  const left = new Set(["FilterExpression", "ProjectionExpression", "Select", "ReturnConsumedCapacity"]);
  const rest: Input = Object.fromEntries(Object.entries(input).filter(([name]) => !left.has(name)));
  const condition = String(rest["KeyConditionExpression"] ?? "");
  const used = (all: unknown): object | undefined => {
    const kept = Object.entries((all ?? {}) as object).filter(([name]) => condition.split(/[^#:\w]+/).includes(name));
    return kept.length > 0 ? Object.fromEntries(kept) : undefined;
  };
  const all = {
    ...(rest as { readonly TableName: string }),
    ExpressionAttributeNames: used(rest["ExpressionAttributeNames"]) as Record<string, string> | undefined,
    ExpressionAttributeValues: used(rest["ExpressionAttributeValues"]),
  };
  const { Items = [] } = await dynamo.send(command === "Scan" ? new ScanCommand(all) : new QueryCommand(all));
  return Items.reduce((sum, item) => sum + itemSize(item), 0);
};

const readsOf = async (dynamo: DynamoDBDocumentClient, command: string, input: Input): Promise<Units> => {
  const consistent = (of: Input): boolean => of["ConsistentRead"] === true;
  const get = async (name: string, Key: Target["key"], isConsistent: boolean): Promise<Units> => {
    const { Item } = await dynamo.send(new GetCommand({ TableName: name, Key, ConsistentRead: true }));
    return { [tableOf(name)]: readUnits(Item ? itemSize(Item) : 0, isConsistent) };
  };
  if (command === "GetItem") return get(String(input["TableName"]), input["Key"] as Target["key"], consistent(input));
  if (command === "BatchGetItem") {
    const tables = Object.entries(input["RequestItems"] as Record<string, Input & { Keys: Target["key"][] }>);
    return addUnits(
      await Promise.all(tables.flatMap(([name, of]) => of.Keys.map((key) => get(name, key, consistent(of))))),
    );
  }
  if (command !== "Query" && command !== "Scan") return {};
  const units = readUnits(await bytesLookedAt(dynamo, command, input), consistent(input));
  return { [placeOf(input)]: units };
};

const placeOf = ({ TableName, IndexName }: Input): string =>
  [tableOf(String(TableName)), ...(IndexName === undefined ? [] : [String(IndexName)])].join("/");

const nameOf = (command: string, input: Input): string => {
  const tables = Object.keys((input["RequestItems"] ?? {}) as object);
  if (input["TableName"] !== undefined) return `${command} ${placeOf(input)}`;
  return tables.length > 0 ? `${command} ${tables.map(tableOf).join("+")}` : command;
};

const toldOf = (output: { readonly ConsumedCapacity?: ConsumedCapacity | ConsumedCapacity[] }): Units => {
  const all = [output.ConsumedCapacity ?? []].flat();
  return addUnits(
    all.map(({ TableName = "", Table, GlobalSecondaryIndexes = {} }) => {
      const table = tableOf(TableName);
      const units: Record<string, number> = { [table]: Table?.CapacityUnits ?? 0 };
      for (const [index, of] of Object.entries(GlobalSecondaryIndexes))
        units[`${table}/${index}`] = of.CapacityUnits ?? 0;
      return units;
    }),
  );
};

const none = { writeUnits: {}, readUnits: {}, told: undefined, bytes: 0, requests: 1 };

/** What a call costs, found by reading the items that it touches before and after. */
const chargedDynamo = async <R extends { output: object }>(
  dynamo: DynamoDBDocumentClient,
  { command, input }: { readonly command: string; readonly input: Input },
  send: () => Promise<R>,
): Promise<{ readonly result: R; readonly charge: Charge }> => {
  const read = async ({ name, key }: Target): Promise<Item | undefined> =>
    (await dynamo.send(new GetCommand({ TableName: name, Key: key, ConsistentRead: true }))).Item;
  const targets = targetsOf(command, input);
  const reads = await readsOf(dynamo, command, input);
  const before = await Promise.all(targets.map(read));
  const result = await send();
  const after = await Promise.all(targets.map(read));
  const transactional = command === "TransactWriteItems";
  const writes = targets.map(({ name: full }, n) => {
    const name = tableOf(full);
    return writeUnits({ name, table: tableDefinitions[name], before: before[n], after: after[n], transactional });
  });
  const charge = {
    ...none,
    call: nameOf(command, input),
    writeUnits: addUnits(writes),
    readUnits: reads,
    told: toldOf(result.output),
  };
  return { result, charge };
};

const chunkBytes = 64 * 1_024;

const chargedElsewhere = (command: string, input: Input, output: Input): Charge => {
  const body = input["Body"];
  const got = output["ContentLength"];
  const bytes = body instanceof Uint8Array ? body.length : typeof got === "number" ? got : 0;
  const carried = JSON.stringify(input["MessageBody"] ?? "").length;
  return { ...none, call: command, bytes, requests: Math.max(1, Math.ceil(carried / chunkBytes)) };
};

/** Puts itself into these clients, above the SDK's retries, and notes what each call is charged for. */
export const chargesOf = (
  clients: AwsClients,
  endpoint: string,
): { readonly charges: readonly Charge[]; close(): void } => {
  const charges: Charge[] = [];
  const dynamo = DynamoDBDocumentClient.from(new DynamoDBClient({ region: "eu-west-1", endpoint }));
  for (const [service, client] of Object.entries(clients)) {
    if (typeof client === "function") continue;
    // oxlint-disable-next-line typescript/no-explicit-any -- each client has its own types for the same stack
    (client.middlewareStack as any).add(
      // oxlint-disable-next-line typescript/no-explicit-any -- as above
      (next: any, { commandName = "" }: { commandName?: string }) =>
        async (args: { input: Input }) => {
          const command = commandName.replace(/Command$/, "");
          if (!service.startsWith("dynamo")) {
            const result = await next(args);
            charges.push(chargedElsewhere(command, args.input, result.output));
            return result;
          }
          const input = { ...args.input, ReturnConsumedCapacity: "INDEXES" };
          const { result, charge } = await chargedDynamo(dynamo, { command, input }, () => next({ ...args, input }));
          charges.push(charge);
          return result;
        },
      { step: "serialize", priority: "high", name: "charges" },
    );
  }
  return { charges, close: () => dynamo.destroy() };
};
