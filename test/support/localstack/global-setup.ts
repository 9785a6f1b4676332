import { startLocalStack } from "./localstack.ts";

/** One LocalStack for all suites; each test has resources of its own there. */
export const setup = async (): Promise<() => Promise<void>> => {
  const { endpoint, stop } = await startLocalStack();
  process.env["LOCALSTACK_ENDPOINT"] = endpoint;
  return stop;
};
