/** Works on `items` so many at a time: what waits for the store is waited for together. `work` must not throw. */
export const inLanes = async <T>(
  lanes: number,
  items: Iterator<T> | AsyncGenerator<T>,
  work: (item: T) => Promise<void>,
): Promise<void> => {
  const lane = async (): Promise<void> => {
    for (let next = await items.next(); next.done !== true; next = await items.next()) await work(next.value);
  };
  await Promise.all(Array.from({ length: lanes }, lane));
};
