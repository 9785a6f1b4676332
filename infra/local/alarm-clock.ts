export interface AlarmClock {
  /** Ends the sleep under way, else the next one. */
  ring(): void;
  /** True when it was cut short. One sleeper at a time. */
  sleep(ms: number): Promise<boolean>;
}

/** Sleeps that can be cut short. */
export const alarmClock = (): AlarmClock => {
  let rung = false;
  let awake: (() => void) | undefined;
  return {
    ring: () => {
      rung = true;
      awake?.();
    },
    sleep: async (ms) => {
      if (!rung)
        await new Promise<void>((resolve) => {
          const timer = setTimeout(resolve, ms);
          awake = () => {
            clearTimeout(timer);
            resolve();
          };
        });
      awake = undefined;
      const cut = rung;
      rung = false;
      return cut;
    },
  };
};
