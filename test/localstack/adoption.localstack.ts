import { randomUUID } from "node:crypto";
import { describe } from "vitest";
import { awsAdoption } from "../../functions/adapters/import-record.ts";
import { adoptionContract } from "../contract/adoption.contract.ts";
import { localStackClients, openAwsOn } from "../support/aws-engine.ts";

describe("Adoption on DynamoDB and S3", () => {
  adoptionContract(async () => {
    const clients = localStackClients();
    const under = await openAwsOn(clients);
    const { names, leaseMs, maxReceiveCount } = under;
    const ids = { now: Date.now, random: Math.random, newId: randomUUID, reach: () => undefined };
    const adoption = awsAdoption({ clients, names, leaseMs, maxReceiveCount, visibilityS: 2, ...ids });
    return { ...under, adoption };
  });
});
