/** Printable ASCII without angle brackets and without a run of spaces: nothing to clean. */
const clean = /^[!-;=?-~]+(?: [!-;=?-~]+)*$/;
/** Controls, separators, direction overrides, lone surrogates, and the brackets around an address in a Git header. */
const unsafe = /[\p{Cc}\p{Cs}\p{Zl}\p{Zp}\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ufeff<>]+/gu;
const spaces = /\s+/gu;

const cut = (text: string, max: number): string => {
  if (text.length <= max) return text;
  const last = text.charCodeAt(max - 1);
  const splitsPair = last >= 0xd800 && last <= 0xdbff;
  return text.slice(0, splitsPair ? max - 1 : max);
};

/** `text` as one safe line of at most `max` UTF-16 units; may be empty. */
export const oneLine = (text: string, max: number): string => {
  if (text.length <= max && clean.test(text)) return text;
  return cut(text.replace(unsafe, " ").replace(spaces, " ").trim(), max).trim();
};
