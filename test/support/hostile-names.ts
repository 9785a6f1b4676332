/** Names of files that must never come into a record, by the code that refuses them. */
export interface HostileName {
  readonly name: string;
  readonly code: "invalid-path" | "managed-path" | "path-conflict";
  /** Stands in the URL as it is; others are escaped. */
  readonly isRaw?: boolean;
}

const notes = (names: readonly string[]): HostileName[] =>
  names.map((name) => ({ name: `notes/${name}`, code: "invalid-path" }));
const invalid = (names: readonly string[]): HostileName[] => names.map((name) => ({ name, code: "invalid-path" }));
const managed = (names: readonly string[]): HostileName[] => names.map((name) => ({ name, code: "managed-path" }));
const conflicting = (names: readonly string[]): HostileName[] => names.map((name) => ({ name, code: "path-conflict" }));

/** What git, NTFS and HFS+ take for `.git` or another file of git's own (git's verify_path, is_ntfs_dotgit, is_hfs_dotgit). */
const gitsOwn = notes([
  ".git", ".git/config", ".GIT/config", ".Git/hooks/post-checkout", "x/.git/config", "git", "GIT", "Git/x", "git~1", "git~1/config", "GIT~1/config",
  "git~2", "git~10", ".git.", ".git...", ".git ", ".git /config", ".git. .", ".git::$INDEX_ALLOCATION/config", ".git:x", "git~1 ", "git~1.", ".git\\config",
  "x\\.git\\config", ".gitmodules", ".GITMODULES", ".gitmodules ", "gitmod~1", "gi7eba~1", ".gitattributes", "gitatt~1", ".gitignore", ".mailmap",
  ".git\u200c", "\u200c.git", ".g\u200dit", ".gi\u200et/config", ".git\u202a", ".git\ufeff", "\u2060.git", ".g\u0131t", ".G\u0130T", "\uff0egit",
  "\uff0e\uff47\uff49\uff54", ".\u0261it", ".git\u0000", ".git\n",
]); // prettier-ignore

const devices = notes([
  "con", "CON", "Con.md", "con.tar.gz", "x/con/y.md", "prn", "PRN.txt", "aux", "aux.c", "nul", "NUL", "nul.txt", "com0", "com1", "COM9.md", "lpt0", "lpt1.md",
  "LPT9", "conin", "conout.x", "clock.md", "conin$", "conout$", "clock$", "com\u00b9", "COM\u00b2.md", "lpt\u00b3", "con ", "con:", "con:x.md", "nul\u0000.md",
]); // prettier-ignore

const dots = notes([
  ".", "..", "...", "....", "./x", "../x", "../../x", "x/..", "x/../y", "x/.", "x/./y", ".hidden", ".x/y", "x.", "x..", "x.../y", "..x", "x ", " x", "x /y",
  "x\t", "\tx", "..\\x", "x\\..\\y", "-x", "_x", "~", "~root/x",
]); // prettier-ignore

const slashes = [
  ...invalid(["", "/", "//", "/notes/x", "//notes/x", "\\notes\\x", "C:/x", "C:\\x", "\\\\server\\share", "//server/share", "../x", "../../etc/passwd"]),
  ...notes(["", "/", "x//y", "x/", "x///", "a\\b", "\\", "x::$DATA", "x:y"]),
]; // prettier-ignore

const characters = notes([..."*?<>|\"'`$&;!#%@^=+,()[]{}~:"].map((character) => `a${character}b.md`));

const controls = notes(
  [0, 1, 7, 8, 9, 10, 11, 12, 13, 27, 31, 127, 0x85, 0xa0, 0x2028, 0x2029].map(
    (code) => `a${String.fromCodePoint(code)}b.md`,
  ),
);

/** Two spellings of one name, marks that hide or turn, characters that fold to ASCII. */
const unicode = notes([
  "\u00e9.md", "e\u0301.md", "\ufb00.md", "\u017f.md", "\u212a.md", "\u0130.md", "\u00df.md", "a\u202egnp.md", "a\u200bb.md", "a\u200db.md", "a\ufeffb.md",
  "a\u0338.md", "\u{1f4a3}.md", "\u4e2d.md", "\uff41.md", "\ue000.md", "\uffff.md", "a\ufe0f.md", "\u{e0041}.md", "\u1e9e.md", "\u0391.md", "\u0430.md",
]); // prettier-ignore

const long = notes([
  "x".repeat(250), "x".repeat(300), "x".repeat(5_000), `${"x/".repeat(7)}y`, "x/".repeat(200) + "y", `${"x".repeat(126)}/${"y".repeat(126)}`,
]); // prettier-ignore

/** As they stand in a URL: one round of unescaping, and never a slash by it. */
const escaped = [
  "%2e%2e/x", "%2E%2e%2Fx", "%2e/x", "..%2fx", "..%5cx", "%252e%252e%252fx", "%25%32%65", "x%2fy.md", "x%2Fy.md", "x%5Cy.md", "%00.md", "x.md%00", "%0d%0a",
  "%c0%ae%c0%ae/x", "%c0%af", "%ff", "%fe%ff", "%ed%a0%80", "%ed%b0%80", "%f4%90%80%80", "%", "%2", "%zz", "%u002e", "%e2%80%ae", "%c3%a9", "%2egit/config",
  "%67it~1", "%63on", "x%20y", "x%2e", "x;y", "x;.md", "+x",
].map((name): HostileName => ({ name: `notes/${name}`, code: "invalid-path", isRaw: true })); // prettier-ignore

const othersPlaces = managed([
  ".gitattributes", "ehr_status.yaml/x", "demographics/other.yaml", "demographics", "vitals/2026/x.yaml", "registration/x.yaml", "letters/x.md", "messages/x.md",
  "Notes/x.md", "NOTES/x.md", "Documents/x.md", "notes", "documents", "x.md", "HEAD", "config", "refs/heads/main", "objects/x", "hooks/post-checkout",
  "EHR_STATUS.yaml", "Demographics/patient.yaml", "notesx/y.md",
]); // prettier-ignore

/** Where `notes/a.md` and `notes/sub/x.md` are. */
const collisions = conflicting([
  "notes/A.md", "notes/a.MD", "notes/A.MD", "notes/a.md/x.md", "notes/a.md/b/c.md", "notes/A.md/x.md", "notes/Sub/y.md", "notes/SUB/x.md", "notes/sub", "notes/SUB",
  "notes/sub/X.md", "notes/sub/x.md/y",
]); // prettier-ignore

/** All of them. */
export const hostileNames: readonly HostileName[] = [
  ...gitsOwn, ...devices, ...dots, ...slashes, ...characters, ...controls, ...unicode, ...long, ...escaped, ...othersPlaces, ...collisions,
]; // prettier-ignore

/** Names that look alike, but are sound: they are committed, cloned and checked out. */
export const soundNames: readonly string[] = [
  "console.md", "a-b_c.d.md", "auxiliary", "gitignore", "x.git", "HEAD", "refs/heads/main", "ref.lock", "com10.md", "nulls/x", "git-notes.md", "CONfig", "a..b",
  "1/2/3/4/5/6/7", "x".repeat(249), "0", "a_", "a-", "objects/pack/pack-1.idx",
]; // prettier-ignore
