/**
 * Preloaded (`node --import`) into what has to end with its parent, which can say nothing when it is killed: a process
 * without its parent has another one, which getppid(2) tells at any time.
 */
const parent = process.ppid;

setInterval(() => {
  if (process.ppid !== parent) process.exit(1);
}, 500).unref();
