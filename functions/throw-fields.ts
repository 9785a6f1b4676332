/** What a log line says of a throw: its class and places in our code; never its message, which may quote a caller. */
export const throwFields = (
  cause: unknown,
): { readonly error: string; readonly code?: unknown; readonly stack?: string } => {
  if (!(cause instanceof Error)) return { error: typeof cause };
  const places = cause.stack?.split("\n").filter((line) => line.startsWith("    at ")) ?? [];
  return {
    error: cause.name,
    ...("code" in cause ? { code: cause.code } : {}),
    stack: places.slice(0, 8).join("\n"),
  };
};
