const width = 30;
const redrawMs = 100;

/** A terminal, or what stands in for one. */
export interface BarStream {
  readonly isTTY: boolean;
  readonly columns: number;
  write(text: string): unknown;
}

export interface ProgressBar {
  /** Draws at most ten times a second. */
  show(done: number, note: string): void;
  /** Removes the bar. */
  end(): void;
}

/** A bar on one line of a terminal; silent where the stream is not one. */
export const progressBar = (stream: BarStream, total: number): ProgressBar => {
  let drawnAt = 0;
  return {
    show: (done, note) => {
      const now = performance.now();
      if (!stream.isTTY || (now - drawnAt < redrawMs && done < total)) return;
      drawnAt = now;
      const filled = Math.round((width * done) / Math.max(1, total));
      const line = `${"█".repeat(filled)}${"░".repeat(width - filled)} ${done}/${total} ${note}`;
      stream.write(`\r${line.slice(0, stream.columns - 1)}\x1b[K`);
    },
    end: () => {
      if (stream.isTTY) stream.write("\r\x1b[K");
    },
  };
};
