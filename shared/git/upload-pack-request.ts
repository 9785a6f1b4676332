import type { Oid } from "./oid.ts";
import type { Packet } from "./pkt-line.ts";

/** Most commits one request may want, and most it may say it has: a linear history needs one and a few dozen. */
const maxWants = 256;
const maxHaves = 10_000;

/** What a client asks for, in any version of the protocol. */
export interface FetchRequest {
  readonly wants: readonly Oid[];
  readonly haves: readonly Oid[];
  /** The client has said all it has: the pack must follow. */
  readonly done: boolean;
  /** Deltas may lean on objects that the client has already. */
  readonly thinPack: boolean;
  /** v0 and v1 only: how common commits are acknowledged (gitprotocol-capabilities). */
  readonly acknowledge: "detailed" | "multi" | "once";
  /** v0 and v1 only: the pack may follow a `ready` without waiting for `done`. */
  readonly noDone: boolean;
  /** Bytes of a side-band packet; 0: the pack is sent bare. */
  readonly sideBand: number;
}

export interface RefsRequest {
  readonly symrefs: boolean;
  readonly unborn: boolean;
  readonly prefixes: readonly string[];
}

/** A request that Git's protocol can express and this service refuses; the text is shown by the client. */
export interface Refused {
  readonly refused: string;
}

const refuse = (refused: string): Refused => ({ refused });
const shallowRefused = "shallow and partial clones are not served: a record's clone is its whole history";

const oidPattern = /^[0-9a-f]{40}$/;

/** Requests for less than the whole: `--depth`, `--shallow-since`, `--filter`, and fetches of a shallow clone. */
const asksForLess = (line: string): boolean => /^(deepen|shallow|filter)\b/.test(line);

interface Said {
  readonly wants: Oid[];
  readonly haves: Oid[];
  done: boolean;
}

/** Takes one line in; gives the refusal, null for a line that says neither want, have nor done. */
const take = (said: Said, line: string): Refused | true | null => {
  if (line === "done") {
    said.done = true;
    return true;
  }
  if (asksForLess(line)) return refuse(shallowRefused);
  const [verb, oid = ""] = line.split(" ", 2);
  if (verb !== "want" && verb !== "have") return null;
  if (!oidPattern.test(oid)) return refuse("a want or have is not an object id");
  const list = verb === "want" ? said.wants : said.haves;
  list.push(oid);
  if (said.wants.length > maxWants) return refuse(`too many wants: at most ${maxWants} in one request`);
  if (said.haves.length > maxHaves) return refuse(`too many haves: at most ${maxHaves} in one request`);
  return true;
};

/** Side-band packets of the size the client asked for (gitprotocol-capabilities). */
const sideBandOf = (capabilities: ReadonlySet<string>): number =>
  capabilities.has("side-band-64k") ? 65_520 : capabilities.has("side-band") ? 1_000 : 0;

const acknowledgeOf = (capabilities: ReadonlySet<string>): FetchRequest["acknowledge"] =>
  capabilities.has("multi_ack_detailed") ? "detailed" : capabilities.has("multi_ack") ? "multi" : "once";

/** A v0 or v1 request: wants, the first with capabilities; flush; haves; flush or done (gitprotocol-http). */
export const parseFetchV0 = (packets: readonly Packet[]): FetchRequest | Refused => {
  const said: Said = { wants: [], haves: [], done: false };
  let capabilities: ReadonlySet<string> = new Set();
  for (const packet of packets) {
    if (packet.kind !== "line") continue;
    const { text } = packet;
    if (text.startsWith("want ") && said.wants.length === 0) capabilities = new Set(text.slice(46).split(" "));
    const taken = take(said, text);
    if (taken === null) return refuse("a line is neither want, have nor done");
    if (taken !== true) return taken;
    if (said.done) break;
  }
  return {
    ...said,
    thinPack: capabilities.has("thin-pack"),
    acknowledge: acknowledgeOf(capabilities),
    noDone: capabilities.has("no-done") && capabilities.has("multi_ack_detailed"),
    sideBand: sideBandOf(capabilities),
  };
};

const lines = (packets: readonly Packet[]): string[] =>
  packets.flatMap((packet) => (packet.kind === "line" ? [packet.text] : []));

/** A v2 request: its command, and the arguments after the delimiter (gitprotocol-v2). */
export const splitV2 = (packets: readonly Packet[]): { command: string; format: string; args: readonly string[] } => {
  const at = packets.findIndex(({ kind }) => kind !== "line");
  const head = lines(at < 0 ? packets : packets.slice(0, at));
  const value = (key: string): string | undefined => head.find((line) => line.startsWith(key))?.slice(key.length);
  return {
    command: value("command=") ?? "",
    format: value("object-format=") ?? "sha1",
    args: at < 0 ? [] : lines(packets.slice(at)),
  };
};

/** Flags of a v2 fetch. Only the first changes anything: there are no tags, no OFS_DELTAs and no progress to report. */
const flags = new Set(["thin-pack", "no-progress", "include-tag", "ofs-delta"]);

/** The arguments of a v2 `fetch`. */
export const parseFetchV2 = (args: readonly string[]): FetchRequest | Refused => {
  const said: Said = { wants: [], haves: [], done: false };
  for (const line of args) {
    if (flags.has(line)) continue;
    const taken = take(said, line);
    if (taken === null) return refuse("fetch has an argument that this service does not know");
    if (taken !== true) return taken;
  }
  const thinPack = args.includes("thin-pack");
  return { ...said, thinPack, acknowledge: "detailed", noDone: true, sideBand: 65_520 };
};

/** The arguments of a v2 `ls-refs`. Unknown ones are ignored: they only ever narrow or widen what is shown. */
export const parseRefs = (args: readonly string[]): RefsRequest => ({
  symrefs: args.includes("symrefs"),
  unborn: args.includes("unborn"),
  prefixes: args.filter((line) => line.startsWith("ref-prefix ")).map((line) => line.slice(11)),
});
