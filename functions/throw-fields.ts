/** What V8 wrote of a throw after its message, which may have lines that look like places; none when the message was changed since. */
const behindMessage = ({ stack = "", message }: Error): string => {
  const at = stack.indexOf(message);
  return at < 0 ? "" : stack.slice(at + message.length);
};

/** What a log line says of a throw: its class and places in our code; never its message, which may quote a caller. */
export const throwFields = (
  cause: unknown,
): { readonly error: string; readonly code?: unknown; readonly stack?: string } => {
  if (!(cause instanceof Error)) return { error: typeof cause };
  const places = behindMessage(cause)
    .split("\n")
    .filter((line) => line.startsWith("    at "));
  return {
    error: cause.name,
    ...("code" in cause ? { code: cause.code } : {}),
    stack: places.slice(0, 8).join("\n"),
  };
};
