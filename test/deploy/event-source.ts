interface Mapping {
  readonly UUID: string;
  readonly EventSourceArn: string;
}

/** MiniStack asks who calls, not for a true signature; the SDK's client for Lambda is no dependency of ours. */
const authorization =
  "AWS4-HMAC-SHA256 Credential=test/20261121/eu-central-1/lambda/aws4_request, SignedHeaders=host, Signature=0";

const call = async (endpoint: string, path: string, init: RequestInit = {}): Promise<unknown> => {
  const url = `${endpoint}/2015-03-31/event-source-mappings${path}`;
  const answer = await fetch(url, { ...init, headers: { authorization } });
  if (!answer.ok) throw new Error(`${path}: ${answer.status} ${await answer.text()}`);
  return answer.json();
};

/** Stops the poller that takes operations off the queue, so that they gather into one batch; returns what starts it again. */
export const pauseOperations = async (endpoint: string): Promise<() => Promise<void>> => {
  const { EventSourceMappings } = (await call(endpoint, "")) as { readonly EventSourceMappings: readonly Mapping[] };
  const mapping = EventSourceMappings.find(({ EventSourceArn }) => /:sqs:.*Operations/.test(EventSourceArn));
  if (mapping === undefined) throw new Error("nothing takes operations off the queue");
  const enable = async (Enabled: boolean): Promise<void> => {
    await call(endpoint, `/${mapping.UUID}`, { method: "PUT", body: JSON.stringify({ Enabled }) });
  };
  await enable(false);
  return () => enable(true);
};
