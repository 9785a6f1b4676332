import { resolve } from "node:path";
import type { LocalIssuer } from "./issuer.ts";

export interface WelcomeOptions {
  readonly url: string;
  readonly issuer: LocalIssuer;
  /** The data folder. */
  readonly data: string;
  /** Whether a person reads it; a journal would keep a token. */
  readonly isTerminal: boolean;
}

/** As one word of bash. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

/** A token for a person at a terminal; else the command that prints one, which finds the data folder by itself. */
const tokenWord = async ({ issuer, data, isTerminal }: WelcomeOptions): Promise<string> =>
  isTerminal
    ? issuer.mintToken({
        subject: "user-1",
        name: "A Clinician",
        role: "clinician",
        scope: "record:read record:write",
        minutes: 60,
      })
    : `$(CASENOTES_DATA=${quoted(resolve(data))} npm run -s token)`;

/**
 * What `npm start` prints: where the service is, and an example that runs when pasted into bash (in this folder, where
 * it runs npm).
 */
export const welcome = async (options: WelcomeOptions): Promise<string> => {
  const { url } = options;
  return `
Casenotes   ${url}
Docs        ${url}/docs

A worked example (curl and git; paste it into bash). The token is good for an hour.

${example(url, await tokenWord(options))}
Another token: npm run -s token -- --help
`;
};

/** Client-given ids make it run without reading any answer but one ETag. */
const example = (url: string, token: string): string => `export CASENOTES=${url}
export TOKEN=${token}
PATIENT=$(cat /proc/sys/kernel/random/uuid 2>/dev/null || uuidgen | tr A-F a-f)
NOTE=$CASENOTES/v1/patients/$PATIENT/files/notes/first.md
request() { curl -sS -H "Authorization: Bearer $TOKEN" -H "Idempotency-Key: $RANDOM-$RANDOM-$RANDOM" -H "Prefer: wait=5" "$@"; echo; }

# Create a patient, then a note in its record.
request -X POST $CASENOTES/v1/patients -H "Content-Type: application/json" -d '{"id":"'$PATIENT'","name":{"family":"Doe","given":["Sample"]},"birthDate":"1990-04-02","sex":"female","identifiers":[]}'
ETAG=$(request -X PUT $NOTE -H "If-None-Match: *" -H "Content-Type: text/markdown" --data-binary "First visit." -D - -o /dev/null | sed -n 's/^[Ee][Tt]ag: *//p' | tr -d '\\r')

# Change it; a second change made from the same version is refused with the current ETag.
request -X PUT $NOTE -H "If-Match: $ETAG" -H "Content-Type: text/markdown" --data-binary "First visit, amended."
request -X PUT $NOTE -H "If-Match: $ETAG" -H "Content-Type: text/markdown" --data-binary "Made from a stale copy." -i

# The record is a Git repository.
cd "$(mktemp -d)"
git -c http.extraHeader="Authorization: Bearer $TOKEN" clone -q $CASENOTES/git/$PATIENT.git record && cd record
git log
git fsck --strict
curl -sS $CASENOTES/.well-known/allowed-signers > ../allowed-signers
git -c gpg.ssh.allowedSignersFile=../allowed-signers verify-commit HEAD
`;
