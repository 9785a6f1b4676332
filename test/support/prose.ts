const words =
  "the patient reports pain in left shoulder since fall on stairs no fever appetite good sleep poor for two weeks and was seen at home by nurse who changed dressing wound clean dry edges closed without redness or swelling walks with stick up to corner shop takes tablets as prescribed morning evening blood pressure measured sitting after rest right arm lower than last visit weight stable daughter helps with shopping cooking asks about vaccination explained options agreed plan review in month earlier if worse letter sent to practice copy given".split(
    " ",
  );

/** Text that reads and compresses like notes do, of about so many bytes: not random, and another for each seed. */
export const prose = (seed: number, bytes = 1_024): string => {
  let state = (seed * 2_654_435_761 + 12_345) >>> 0;
  const next = (below: number): number => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * below);
  };
  let text = `# Visit ${seed}\n\n`;
  while (text.length < bytes) {
    const sentence = Array.from({ length: 6 + next(9) }, () => words[next(words.length)] ?? "").join(" ");
    text += `${sentence.charAt(0).toUpperCase()}${sentence.slice(1)}.${next(5) === 0 ? "\n\n" : " "}`;
  }
  return `${text.slice(0, bytes - 1)}\n`;
};
