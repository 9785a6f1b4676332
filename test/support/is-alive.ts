/** Whether there is a process of this id, whoever's it is. */
export const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (cause) {
    // EPERM: it lives, and is somebody else's.
    return (cause as NodeJS.ErrnoException).code !== "ESRCH";
  }
};
