import { expect, test } from "vitest";
import { openSqlite } from "../support/engines.ts";
import { anOperation, anOutcome, messageOf, submitted } from "../support/an-operation.ts";

test("a deduplication id is forgotten after five minutes", async () => {
  await using under = await openSqlite();
  const { queue } = under.engine;
  const message = messageOf(anOperation());
  await queue.send(message);
  await under.passTime(299_999);
  await queue.send(message);
  expect((await queue.depth()).visible).toBe(1);
  await under.passTime(1);
  await queue.send(message);
  expect((await queue.depth()).visible).toBe(2);
});

test("a deduplication id is kept for five minutes, whatever else is sent meanwhile", async () => {
  await using under = await openSqlite();
  const { queue } = under.engine;
  const message = messageOf(anOperation());
  await queue.send(message);
  // More than there are between two times of forgetting.
  for (let n = 0; n < 100; n += 1) await queue.send(messageOf(anOperation()));
  await queue.send(message);
  expect((await queue.depth()).visible).toBe(101);
});

test("a message sent with its row is not sent again for five minutes, that of a redrive is", async () => {
  await using under = await openSqlite();
  const { engine } = under;
  const { queue, intake, operations } = engine;
  const operation = await submitted(engine);
  const first = messageOf(operation);
  await under.passTime(299_999);
  await intake.send(first);
  expect((await queue.depth()).visible).toBe(1);
  await under.passTime(1);
  await intake.send(first);
  expect((await queue.depth()).visible).toBe(2);
  await intake.send(first);
  expect((await queue.depth()).visible).toBe(2);
  const other = await submitted(engine);
  await operations.park(anOutcome(other, { state: "parked", commit: null }));
  await intake.send(messageOf(await operations.redrive(other.id)));
  expect((await queue.depth()).visible).toBe(4);
});
