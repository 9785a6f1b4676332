/** What a receipt names: one message of a group under the claim of one receive call. */
export interface Receipt {
  readonly name: string;
  readonly number: number;
  readonly claim: string;
}

export const receiptOf = ({ name, number, claim }: Receipt): string => `${number} ${claim} ${name}`;

const shape = /^(\d+) (\S+) (.+)$/su;

/** Receipts by group and claim; a text that is no receipt of ours is left out, as a stale one is. */
export const groupReceipts = (texts: readonly string[]): readonly (readonly Receipt[])[] => {
  const groups = new Map<string, Receipt[]>();
  for (const text of texts) {
    const [, number, claim, name] = shape.exec(text) ?? [];
    if (number === undefined || claim === undefined || name === undefined) continue;
    const key = `${claim} ${name}`;
    const group = groups.get(key);
    const receipt = { name, number: Number(number), claim };
    if (group) group.push(receipt);
    else groups.set(key, [receipt]);
  }
  return [...groups.values()];
};
