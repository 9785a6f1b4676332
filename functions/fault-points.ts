/** Named places of the write path where a test may kill the process; in the order one update passes them. */
export const faultPoints = [
  "after-payload",
  "after-operation-row",
  "after-send",
  "after-acquire",
  "after-decide",
  "after-segment",
  "after-settle",
  "before-delete-message",
  "after-effect-sent",
] as const;

export type FaultPoint = (typeof faultPoints)[number];
