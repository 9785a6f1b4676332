/** What the service stack gives out. */
interface ServiceOutputs {
  readonly Url?: string;
  readonly CloneUrl?: string;
}

/** As one word of a shell. */
const quoted = (text: string): string => `'${text.replaceAll("'", "'\\''")}'`;

const withoutSlash = (url: string): string => url.replace(/\/+$/, "");

/**
 * Where a stage is, as lines for a shell. An emulator answers at its endpoint under the API's id (a path that MiniStack and
 * LocalStack share), and streams nothing.
 */
export const deployedUrls = ({ Url = "", CloneUrl = "" }: ServiceOutputs, endpoint: string | undefined): string => {
  const isOfGateway = /^https?:\/\/([a-z0-9]+)\.execute-api\./.exec(Url);
  if (endpoint && isOfGateway)
    return `CASENOTES=${quoted(`${withoutSlash(endpoint)}/_aws/execute-api/${isOfGateway[1]}/$default`)}\n`;
  return `CASENOTES=${quoted(withoutSlash(Url))}\nCASENOTES_CLONES=${quoted(withoutSlash(CloneUrl))}\n`;
};
