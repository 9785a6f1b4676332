/** Which repository git is about, when it does not look for one itself (git(1), "The Git Repository"). */
const names = [
  "GIT_DIR",
  "GIT_COMMON_DIR",
  "GIT_WORK_TREE",
  "GIT_INDEX_FILE",
  "GIT_OBJECT_DIRECTORY",
  "GIT_ALTERNATE_OBJECT_DIRECTORIES",
  "GIT_NAMESPACE",
  "GIT_PREFIX",
];

/**
 * Takes out of the environment what `git rebase --exec` and hooks put there: with it, each git of a test would write to the
 * repository that they are about, moves of its main branch included.
 */
export const forgetRepository = (): void => {
  for (const name of names) delete process.env[name];
};
