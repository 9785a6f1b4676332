import { type Condition, type Episode, type Moment, measured } from "./condition.ts";
import { bloodConditions } from "./blood-conditions.ts";
import { everydayConditions } from "./everyday-conditions.ts";
import { episodes } from "./episodes.ts";
import { type Person, daysBefore, staff } from "./people.ts";
import { type Chance, chanceFrom } from "./random.ts";

/** One visit to the clinic, as a note. */
export interface Visit {
  /** Days before the last day of the sample. */
  readonly days: number;
  readonly slug: string;
  readonly writer: number;
  readonly note: string;
  /** What joins the list of problems with this visit. */
  readonly problem?: string;
  /** Figures that the laboratory reports on the next day. */
  readonly report?: string;
  /** Letter that goes out with this visit. */
  readonly letter?: { readonly to: string; readonly text: string };
}

const conditions = [...bloodConditions, ...everydayConditions];

const suits = (person: Person) => (one: { readonly ages: readonly [number, number] }) =>
  person.age >= one.ages[0] && person.age <= one.ages[1];

const section = (title: string, lines: readonly string[]): string => `\n## ${title}\n\n${lines.join("\n")}\n`;

const heading = (title: string, date: string, writer: number): string =>
  `# ${title}\n\n${date}, ${staff[writer]?.name ?? "unknown"}\n`;

const stepAt = ({ steps }: Condition, progress: number): string =>
  steps[Math.round(progress * (steps.length - 1))] ?? steps[0];

interface Place {
  readonly days: number;
  /** 0: first visit, 1: last. */
  readonly progress: number;
}

const conditionVisit = (condition: Condition, person: Person, { days, progress }: Place): Visit => {
  const chance = chanceFrom(`visit ${person.id} ${condition.slug} ${days}`);
  const date = daysBefore(days);
  const first = progress === 0;
  const writer = first || chance.happens(0.6) ? person.doctor : person.nurse;
  const history = first ? [chance.pick(condition.openings)] : chance.some(condition.intervals, chance.whole(1, 2));
  const moment = { progress, chance, stature: statureOf(person) };
  const values = condition.courses.map((course) => measured(course, moment));
  const plan = [stepAt(condition, progress), chance.pick(condition.advice)];
  const note =
    heading(first ? condition.title : `${condition.title}, review`, date, writer) +
    section(first ? "History" : "Since last time", history) +
    section("Examination", [...chance.some(condition.findings, 2), "", ...values]) +
    section(
      "Plan",
      plan.map((step) => `- ${step}`),
    );
  return {
    days,
    slug: condition.slug,
    writer,
    note,
    ...(first ? { problem: condition.title } : {}),
    ...(chance.happens(0.4) ? { report: reportOf(condition, moment) } : {}),
    ...(progress > 0.4 && chance.happens(0.2) ? { letter: { to: condition.clinic, text: history.join(" ") } } : {}),
  };
};

const reportOf = ({ courses }: Condition, moment: Moment): string =>
  courses.map((course) => measured(course, moment).replace(/^- ([^:]+):/, '- "$1":')).join("\n");

/** Where somebody stands among others, -1 to 1; most are near the middle. */
const statureOf = ({ id }: Person): number => {
  const chance = chanceFrom(`stature ${id}`);
  return (chance.whole(-50, 50) + chance.whole(-50, 50)) / 100;
};

const episodeVisit = (episode: Episode, person: Person, days: number): Visit => {
  const chance = chanceFrom(`visit ${person.id} ${episode.slug} ${days}`);
  const writer = chance.happens(0.5) ? person.doctor : person.nurse;
  const note =
    heading(episode.title, daysBefore(days), writer) +
    section("History", [chance.pick(episode.history)]) +
    section("Examination", [chance.pick(episode.findings)]) +
    section("Plan", [`- ${chance.pick(episode.plans)}`]);
  return { days, slug: episode.slug, writer, note };
};

const courseOf = (condition: Condition, person: Person, chance: Chance): readonly Visit[] => {
  const count = chance.whole(2, 6);
  const start = chance.whole(60 * count, 60 * count + 200);
  return Array.from({ length: count }, (_, at) => {
    const days = Math.max(1, start - Math.round((at * start) / count) - chance.whole(0, 9));
    return conditionVisit(condition, person, { days, progress: at / Math.max(1, count - 1) });
  });
};

/** Everything that brought this person to the clinic, oldest first; at most one visit a day. */
export const visitsOf = (person: Person): readonly Visit[] => {
  const chance = chanceFrom(`illness ${person.id}`);
  const problems = person.age > 60 ? chance.whole(1, 3) : chance.whole(0, 2);
  const longTerm = chance.some(conditions.filter(suits(person)), problems);
  const shortTerm = chance.some(episodes.filter(suits(person)), chance.whole(1, 3));
  const visits = [
    ...longTerm.flatMap((condition) => courseOf(condition, person, chance)),
    ...shortTerm.map((episode) => episodeVisit(episode, person, chance.whole(5, 420))),
  ];
  const byDay = new Map(visits.map((visit) => [visit.days, visit]));
  return [...byDay.values()].toSorted((a, b) => b.days - a.days);
};
