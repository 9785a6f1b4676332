/**
 * glibc keeps up to eight heaps a core and gives little of them back; and each large buffer that is freed raises the size from which
 * it asks the system for one and gives it back, up to 32 MB. One heap and a threshold that is named, which then stays, cost no
 * time here and spare some 30 MB (mallopt(3), M_ARENA_MAX and M_TRIM_THRESHOLD).
 */
export const memberEnvironment = { MALLOC_ARENA_MAX: "1", MALLOC_TRIM_THRESHOLD_: "131072" };

/**
 * A member's heap grows by a fifth before it is collected, not to its double, and its young generation is of 4 MiB from the
 * start: half the memory under load, for a percent or two of its time. No limit is set: a large record may need more for a while.
 * Young buffers are collected after some 8 MB instead of 64, which V8 derives from the largest young generation that there
 * could be, and are freed at once, not by a thread that lags behind where all cores are at work.
 */
const heapFlags = [
  "--min-semi-space-size=4",
  "--max-semi-space-size=4",
  "--heap-growing-percent=20",
  "--scavenger-max-new-space-capacity-mb=2",
  "--no-concurrent-array-buffer-sweeping",
];

/** The V8 of Node 24. Node does not start with a flag that its V8 does not know, so that other versions run without. */
const knownV8 = "13.6.";

export const heapFlagsOf = ({ v8 }: Pick<NodeJS.ProcessVersions, "v8">): readonly string[] =>
  v8.startsWith(knownV8) ? heapFlags : [];
