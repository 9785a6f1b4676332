const words =
  "asked about breathing at night slept well took the tablets as agreed no fever since Monday weight stable appetite good walks each day pain less than last week wound dry and clean dressing changed came with a daughter lives alone stairs are hard reads without glasses hears well on both sides will call again after the weekend if nothing changes".split(
    " ",
  );

const bytesOfNote = 1_024;
const variants = 256;

/** Prepared once: making texts must not be what a load driver spends its time on. */
export type NoteMaker = (stamp: string) => string;

/** Makes notes of 1,024 bytes, each different: a stamp and one of 256 texts of common words. */
export const noteMaker = (): NoteMaker => {
  let seed = 7;
  const nextWord = (): string => {
    seed = (Math.imul(seed, 1_103_515_245) + 12_345) & 0x7fffffff;
    return words[(seed >> 8) % words.length]!;
  };
  const textOf = (): string => {
    let text = "";
    while (text.length < bytesOfNote) text += `${nextWord()}${text.length % 13 === 0 ? ".\n" : " "}`;
    return text;
  };
  const texts = Array.from({ length: variants }, textOf);
  let made = 0;
  return (stamp) => {
    made += 1;
    const head = `# ${stamp} ${made}\n\n`;
    return `${head}${texts[made % variants]!.slice(0, bytesOfNote - head.length - 1)}\n`;
  };
};
