/** Thrown for a patient that was not copied. Its message says why, to the operator: ids only, no content. */
export class NotCopied extends Error {
  override readonly name = "NotCopied";
  /** Whether the same may go well a moment later. */
  readonly passing: boolean;
  constructor(message: string, options: ErrorOptions & { readonly passing?: boolean } = {}) {
    super(message, options);
    this.passing = options.passing ?? false;
  }
}

/** Thrown where a place cannot be used; its message is for the person at the terminal. */
export class PlaceUnusable extends Error {
  override readonly name = "PlaceUnusable";
}
