/** Shows how far a run is; `clear` takes the line away again. */
export interface ProgressBar {
  show(done: number, total: number): void;
  clear(): void;
}

const width = 30;
/** Redrawn at most this often, ms. */
const everyMs = 100;
const clearLine = "\r\u001b[K";

/** A bar on standard error where that is a terminal, and nothing elsewhere. */
export const progressBar = (label: string, stream: NodeJS.WriteStream = process.stderr): ProgressBar => {
  if (!stream.isTTY) return { show: () => {}, clear: () => {} };
  let shownAt = 0;
  return {
    show: (done, total) => {
      const now = performance.now();
      if (now - shownAt < everyMs && done < total) return;
      shownAt = now;
      const filled = Math.round((width * done) / Math.max(total, 1));
      stream.write(`${clearLine}[${"#".repeat(filled)}${"-".repeat(width - filled)}] ${done}/${total} ${label}`);
    },
    clear: () => {
      stream.write(clearLine);
    },
  };
};
