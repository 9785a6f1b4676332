import type { Oid } from "./oid.ts";
import { delimiterPacket, decodePackets, flushPacket, linePacket, type Packet } from "./pkt-line.ts";
import { numbersOf, readHistory, type History, type CloneSource } from "./upload-pack-history.ts";
import { parseFetchV0, parseFetchV2, parseRefs, splitV2 } from "./upload-pack-request.ts";
import type { FetchRequest, Refused, RefsRequest } from "./upload-pack-request.ts";
import { sliceOf } from "./upload-pack-slice.ts";
import { sendPack } from "./upload-pack-stream.ts";

export type { CloneSource } from "./upload-pack-history.ts";

/** Versions of the wire protocol (gitprotocol-http, gitprotocol-v2). */
export type ProtocolVersion = 0 | 1 | 2;

/** An answer that is known already, or one that is read while it is sent. */
export type Answer = Uint8Array | AsyncIterable<Uint8Array>;

const branch = "refs/heads/main";
const noCommit = "0".repeat(40);
const common = "object-format=sha1 agent=casenotes";
const capabilities =
  "multi_ack multi_ack_detailed no-done side-band side-band-64k thin-pack no-progress " +
  "allow-tip-sha1-in-want allow-reachable-sha1-in-want";

/** The highest version that a `Git-Protocol` header (`key=value` pairs between colons) asks for and we speak. */
export const protocolOf = (header: string | undefined): ProtocolVersion => {
  const asked = new Set(header?.split(":"));
  return asked.has("version=2") ? 2 : asked.has("version=1") ? 1 : 0;
};

const joined = (...packets: readonly Uint8Array[]): Uint8Array => Buffer.concat(packets);

const advertiseV2 = (): Uint8Array =>
  joined(
    ...["version 2", "agent=casenotes", "ls-refs=unborn", "fetch", "object-format=sha1"].map(linePacket),
    flushPacket,
  );

/** What `info/refs?service=git-upload-pack` answers for a repository whose head is `tip` (null: it has no commit). */
export const advertise = (protocol: ProtocolVersion, tip: Oid | null): Uint8Array => {
  if (protocol === 2) return advertiseV2();
  const refs =
    tip === null
      ? [linePacket(`${noCommit} capabilities^{}\0${capabilities} ${common}`)]
      : [linePacket(`${tip} HEAD\0${capabilities} symref=HEAD:${branch} ${common}`), linePacket(`${tip} ${branch}`)];
  const version = protocol === 1 ? [linePacket("version 1")] : [];
  return joined(linePacket("# service=git-upload-pack"), flushPacket, ...version, ...refs, flushPacket);
};

const listRefs = (tip: Oid | null, { symrefs, unborn, prefixes }: RefsRequest): Uint8Array => {
  const shown = (name: string): boolean => prefixes.length === 0 || prefixes.some((prefix) => name.startsWith(prefix));
  const target = symrefs ? ` symref-target:${branch}` : "";
  const lines: string[] = [];
  if (shown("HEAD") && (tip !== null || unborn)) lines.push(`${tip ?? "unborn"} HEAD${target}`);
  if (shown(branch) && tip !== null) lines.push(`${tip} ${branch}`);
  return joined(...lines.map(linePacket), flushPacket);
};

/** An error that the client prints as `remote error: …` (gitprotocol-pack). */
const errorPacket = (text: string): Uint8Array => linePacket(`ERR ${text}`);

interface Negotiation {
  /** Commits that both sides have, as the client named them. */
  readonly shared: readonly Oid[];
  /** Numbers of the first commit to send, and of the one after the last. */
  readonly from: number;
  readonly to: number;
}

/** Any commit of the log may be wanted; the history has one line, so the newest shared commit says all. */
const negotiate = (history: History, { wants, haves }: FetchRequest): Negotiation | Refused => {
  const numbers = numbersOf(history);
  let to = 0;
  for (const want of wants) {
    const number = numbers.get(want);
    if (number === undefined) return { refused: `upload-pack: not our ref ${want}` };
    to = Math.max(to, number + 1);
  }
  const shared = haves.filter((have) => numbers.has(have));
  const from = shared.reduce((newest, have) => Math.max(newest, (numbers.get(have) ?? -1) + 1), 0);
  return { shared, from: Math.min(from, to), to };
};

interface Acknowledgement {
  readonly lines: readonly string[];
  /** Whether the pack follows in this answer. */
  readonly pack: boolean;
}

/** v0 and v1, stateless (gitprotocol-pack, "Packfile Negotiation"). */
const acknowledgeV0 = ({ acknowledge, done, noDone }: FetchRequest, shared: readonly Oid[]): Acknowledgement => {
  const last = shared.at(-1);
  const multi = acknowledge !== "once";
  const word = acknowledge === "detailed" ? "common" : "continue";
  const lines = multi ? shared.map((oid) => `ACK ${oid} ${word}`) : shared.slice(0, 1).map((oid) => `ACK ${oid}`);
  if (done) {
    if (last === undefined) lines.push("NAK");
    else if (multi) lines.push(`ACK ${last}`);
    return { lines, pack: true };
  }
  if (last !== undefined && acknowledge === "detailed") lines.push(`ACK ${last} ready`);
  if (last === undefined || multi) lines.push("NAK");
  const early = noDone && last !== undefined;
  if (early) lines.push(`ACK ${last}`);
  return { lines, pack: early };
};

/** v2: a section of acknowledgements, unless the client has said all it has; ready as soon as one commit is shared. */
const openingV2 = ({ done, haves }: FetchRequest, shared: readonly Oid[]): { opening: Uint8Array; pack: boolean } => {
  const packfile = linePacket("packfile");
  if (done || haves.length === 0) return { opening: packfile, pack: true };
  const acks = shared.map((oid) => linePacket(`ACK ${oid}`));
  if (acks.length === 0) {
    return { opening: joined(linePacket("acknowledgments"), linePacket("NAK"), flushPacket), pack: false };
  }
  const parts = [linePacket("acknowledgments"), ...acks, linePacket("ready"), delimiterPacket, packfile];
  return { opening: joined(...parts), pack: true };
};

const openingV0 = (request: FetchRequest, shared: readonly Oid[]): { opening: Uint8Array; pack: boolean } => {
  const { lines, pack } = acknowledgeV0(request, shared);
  return { opening: joined(...lines.map(linePacket)), pack };
};

const fetchPack = async (
  source: CloneSource,
  request: FetchRequest | Refused,
  open: typeof openingV0,
): Promise<Answer> => {
  if ("refused" in request) return errorPacket(request.refused);
  if (request.wants.length === 0) return new Uint8Array();
  const history = await readHistory(source);
  const negotiated = negotiate(history, request);
  if ("refused" in negotiated) return errorPacket(negotiated.refused);
  const { shared, from, to } = negotiated;
  const { opening, pack } = open(request, shared);
  if (!pack) return opening;
  const slice = sliceOf(history, from, to);
  const selfContained = from > 0 && !request.thinPack;
  return sendPack(opening, { source, history, slice, selfContained }, request.sideBand);
};

const answerV2 = async (source: CloneSource, packets: readonly Packet[]): Promise<Answer> => {
  const { command, format, args } = splitV2(packets);
  if (format !== "sha1") return errorPacket("the object format of a record is sha1");
  if (command === "ls-refs") return listRefs((await source.head())?.commit ?? null, parseRefs(args));
  if (command === "fetch") return fetchPack(source, parseFetchV2(args), openingV2);
  return errorPacket("the commands are ls-refs and fetch");
};

/**
 * Answers the body of a `git-upload-pack` request, stateless as over HTTP. Everything that can fail early does so before
 * the first byte: all footers are read by then. Throws Refusal invalid-request for a body that is not made of pkt-lines,
 * Fault segment-missing when segments keep vanishing.
 */
export const answerUploadPack = async (
  source: CloneSource,
  protocol: ProtocolVersion,
  body: Uint8Array,
): Promise<Answer> => {
  const packets = decodePackets(body);
  return protocol === 2 ? answerV2(source, packets) : fetchPack(source, parseFetchV0(packets), openingV0);
};
