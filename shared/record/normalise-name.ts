/** Letters that carry no combining mark, yet are typed without their stroke or as two letters. */
const plainLetters: Readonly<Record<string, string>> = {
  ø: "o",
  ł: "l",
  đ: "d",
  ð: "d",
  ħ: "h",
  ı: "i",
  æ: "ae",
  œ: "oe",
  þ: "th",
  ς: "σ",
};
const strokes = new RegExp(`[${Object.keys(plainLetters).join("")}]`, "gu");
const marks = /\p{M}+/gu;
const apostrophes = /['’ʼ‘`´ʻ]+/gu;
const separators = /[^\p{L}\p{N}]+/gu;

/**
 * A name as searches compare it: without accents, case, apostrophes and punctuation, with single spaces. `Ó Súilleabháin` and
 * `o suilleabhain` are the same. Applying it twice changes nothing.
 */
export const normaliseName = (name: string): string =>
  name
    .normalize("NFC") // two of Greek's accents become the ones that are removed next
    .replace(apostrophes, "")
    .normalize("NFKD")
    .toLowerCase() // ẞ to ß
    .toUpperCase() // ß to SS, which lower case alone leaves
    .toLowerCase()
    .normalize("NFKD")
    .replace(marks, "")
    .replace(apostrophes, "") // ŉ is taken apart into one and an n
    .replace(strokes, (letter) => plainLetters[letter] ?? letter)
    .replace(separators, " ")
    .trim();
