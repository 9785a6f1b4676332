/**
 * Things that take long to make and serve one user at a time, made when all of them are in use. One whose user failed is
 * not used again: nobody knows what is left in it.
 */
export const lanesOf = <T extends AsyncDisposable>(make: () => Promise<T>) => {
  const free: T[] = [];
  const made: T[] = [];
  const makeOne = async (): Promise<T> => {
    const lane = await make();
    made.push(lane);
    return lane;
  };
  return {
    use: async <R>(work: (lane: T) => Promise<R>): Promise<R> => {
      const lane = free.pop() ?? (await makeOne());
      const result = await work(lane);
      free.push(lane);
      return result;
    },
    close: async (): Promise<void> => {
      for (const lane of made) await lane[Symbol.asyncDispose]();
    },
  };
};
