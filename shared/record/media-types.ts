export type MediaType = "application/yaml" | "text/markdown" | "text/plain";

/** The media type of a file, by its extension; all files are UTF-8. */
export const mediaTypeOf = (path: string): MediaType => {
  const lower = path.toLowerCase();
  if (lower.endsWith(".yaml") || lower.endsWith(".yml")) return "application/yaml";
  return lower.endsWith(".md") ? "text/markdown" : "text/plain";
};

const charsetUtf8 = /^charset=(?:utf-8|"utf-8")$/i;

/**
 * Whether a file at `path` may be sent as `contentType`: the type of its extension, or `text/plain` for any file, with
 * no parameter but `charset=utf-8`.
 */
export const acceptsMediaType = (path: string, contentType: string): boolean => {
  const [type = "", ...parameters] = contentType.split(";").map((part) => part.trim());
  if (!parameters.every((parameter) => charsetUtf8.test(parameter))) return false;
  const name = type.toLowerCase();
  return name === mediaTypeOf(path) || name === "text/plain";
};
