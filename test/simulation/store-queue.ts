import type { OperationMessage } from "../../shared/operation.ts";
import type { ReceivedMessage } from "../../shared/ports.ts";
import type { Store, StoredMessage, StoredQueue } from "./store.ts";

/** How long a deduplication id is remembered (SQS FIFO). */
const rememberMs = 5 * 60_000;

const append = (store: Store, queue: StoredQueue, { operationId, patientId, attempt }: OperationMessage): void => {
  const id = `message-${(store.numbers += 1)}`;
  const message = { id, operationId, patientId, attempt, receiveCount: 0, visibleAt: 0, receipt: "" };
  const group = queue.get(patientId);
  if (group === undefined) queue.set(patientId, [message]);
  else group.push(message);
};

/** `again`: puts it there twice, as a queue that delivers at least once may. */
export const send = (store: Store, message: OperationMessage, again = false): void => {
  const id = `${message.operationId}#${message.attempt}`;
  const now = store.settings.now();
  const forgetAt = store.sent.get(id);
  if (forgetAt !== undefined && forgetAt > now) {
    store.observer.seen("message deduplicated");
    return;
  }
  store.sent.set(id, now + rememberMs);
  append(store, store.queue, message);
  if (again) append(store, store.queue, message);
};

/** The first messages of a group that may be given now; those received too often are dead letters. */
const available = (store: Store, queue: StoredQueue, group: StoredMessage[]): StoredMessage[] => {
  const { now, givesPrefix, maxReceiveCount } = store.settings;
  const hidden = group.findIndex(({ visibleAt }) => visibleAt > now());
  if (hidden >= 0 && !givesPrefix) return [];
  const visible = hidden < 0 ? group : group.slice(0, hidden);
  if (queue === store.deadLetters) return visible;
  const spent = visible.filter(({ receiveCount }) => receiveCount >= maxReceiveCount);
  for (const message of spent) {
    group.splice(group.indexOf(message), 1);
    store.observer.seen("message became a dead letter");
    append(store, store.deadLetters, message);
  }
  return visible.filter((message) => !spent.includes(message));
};

const given = (store: Store, message: StoredMessage): ReceivedMessage => {
  const { now, visibilityMs } = store.settings;
  message.receiveCount += 1;
  message.visibleAt = now() + visibilityMs;
  message.receipt = `${message.id} ${(store.numbers += 1)}`;
  if (message.receiveCount > 1) store.observer.seen("message given again");
  const { id, operationId, patientId, attempt, receipt, receiveCount } = message;
  return {
    messageId: id,
    receipt,
    group: patientId,
    body: JSON.stringify({ operationId, patientId, attempt }),
    receiveCount,
  };
};

export const receive = (store: Store, queue: StoredQueue, max: number): readonly ReceivedMessage[] => {
  const received: ReceivedMessage[] = [];
  for (const group of store.settings.shuffle([...queue.values()])) {
    const messages = available(store, queue, group).slice(0, max - received.length);
    for (const message of messages) received.push(given(store, message));
    if (received.length >= max) break;
  }
  return received;
};

/** The message of a receipt that is good: the last one given for it, and still hidden. */
const find = (store: Store, queue: StoredQueue, receipt: string) => {
  for (const group of queue.values()) {
    const message = group.find((one) => one.receipt === receipt && one.visibleAt > store.settings.now());
    if (message !== undefined) return { group, message };
  }
  store.observer.seen("receipt stale");
  return undefined;
};

export const remove = (store: Store, queue: StoredQueue, receipts: readonly string[]): void => {
  for (const receipt of receipts) {
    const found = find(store, queue, receipt);
    if (found === undefined) continue;
    if (queue === store.queue) store.observer.deleting(found.message);
    found.group.splice(found.group.indexOf(found.message), 1);
  }
};

export const delay = (store: Store, receipts: readonly string[], seconds: number): void => {
  for (const receipt of receipts) {
    const found = find(store, store.queue, receipt);
    if (found !== undefined) found.message.visibleAt = store.settings.now() + seconds * 1_000;
  }
};

export const depth = ({ queue, deadLetters, settings }: Store) => {
  const messages = [...queue.values()].flat();
  const inFlight = messages.filter(({ visibleAt }) => visibleAt > settings.now()).length;
  return { visible: messages.length - inFlight, inFlight, dead: [...deadLetters.values()].flat().length };
};
