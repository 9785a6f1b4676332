import { Refusal } from "../errors.ts";

/** Longest path of a file in a record, in bytes; paths are ASCII, so in characters too. */
const maxPathBytes = 255;
/** Most segments a path may have, the file's name included. */
const maxPathDepth = 8;

const segmentPattern = /^[A-Za-z0-9](?:[A-Za-z0-9._-]*[A-Za-z0-9_-])?$/;
/** Names Windows keeps for devices, with any extension (learn.microsoft.com, "Naming Files, Paths, and Namespaces"). */
const devicePattern = /^(?:con|prn|aux|nul|com[0-9]|lpt[0-9]|conin|conout|clock)(?:\.|$)/i;
/** `git` alone, with an extension and as an NTFS short name; the pattern of segments excludes the other disguises of `.git`. */
const gitPattern = /^git(?:~[0-9]+)?$/i;

/** The service's own file, the one name that may start with a dot. */
export const attributesPath = ".gitattributes";

/** Why a name may not stand in a tree; undefined when it may. */
const fault = (name: string): string | undefined => {
  if (name === "") return "is empty (a leading, trailing or doubled slash)";
  if (!segmentPattern.test(name)) {
    return "is not letters, digits, '.', '_' and '-' that start with a letter or digit and do not end with '.'";
  }
  if (devicePattern.test(name)) return "is the name of a device on Windows";
  if (gitPattern.test(name)) return "reads as Git's own folder";
  return undefined;
};

/** Whether `name` may stand in a tree of a record: one segment, without a slash. */
export const isAllowedName = (name: string): boolean => name === attributesPath || fault(name) === undefined;

const refuse = (why: string): never => {
  throw new Refusal("invalid-path", `The path is not allowed: ${why}.`);
};

/**
 * Checks the path of a file in a record. Throws Refusal invalid-path: which segment breaks which rule, without a word of the
 * path, which may tell what the file is about.
 */
export const checkPath = (path: string): void => {
  if (path === attributesPath) return;
  if (path.length > maxPathBytes) refuse(`it is longer than ${maxPathBytes} bytes`);
  const segments = path.split("/");
  if (segments.length > maxPathDepth) refuse(`it has more than ${maxPathDepth} segments`);
  for (const [index, segment] of segments.entries()) {
    const why = fault(segment);
    if (why !== undefined) refuse(`segment ${index + 1} of ${segments.length} ${why}`);
  }
};

/** Two names with one key are the same file on systems that ignore case. Allowed names are ASCII. */
export const caseKey = (name: string): string => name.toLowerCase();
