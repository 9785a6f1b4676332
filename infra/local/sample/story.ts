import { ehrStatusYaml } from "../../../shared/record/ehr-status-file.ts";
import { demographicsPath, ehrStatusPath } from "../../../shared/record/paths.ts";
import { type Person, daysBefore, demographicsOverTime, desk, personNumber, staff } from "./people.ts";
import { type Chance, chanceFrom } from "./random.ts";
import { type SampleRequest, type Telling, create, newTelling, put, putAll, remove } from "./telling.ts";
import { type Visit, visitsOf } from "./visits.ts";

/** What happened to one patient: requests that must be sent one after the other. */
export interface Story {
  readonly patientId: string;
  readonly requests: readonly SampleRequest[];
}

const allergens = ["penicillin", "codeine", "latex", "nuts", "house dust mites", "elastic dressings"] as const;
const languages = ["English", "English", "English", "Polish", "Portuguese", "Turkish", "Twi"] as const;
const callers = ["yes", "yes, mobile only", "only in the evening", "no, letters please"] as const;
const formerly = ["none", "Old Bridge Surgery", "Lowmoor Health Centre", "abroad", "the student practice"] as const;

const registrationForm = (chance: Chance, date: string): string => `# Registration form

- Received: ${date}
- Practice before: ${chance.pick(formerly)}
- Language at the desk: ${chance.pick(languages)}
- May be called: ${chance.pick(callers)}
- Agrees that the record is shared with the hospital: ${chance.happens(0.9) ? "yes" : "no"}
`;

const nameOf = (writer: number): string => staff[writer]?.name ?? "unknown";

const tellFirstDay = (telling: Telling, person: Person, days: number): void => {
  const chance = chanceFrom(`first day ${person.id}`);
  const [atFirst = "", withContacts = ""] = demographicsOverTime(person);
  create(telling, desk, {
    body: JSON.stringify({ id: person.id, ...person.demographics }),
    files: { [demographicsPath]: atFirst, [ehrStatusPath]: ehrStatusYaml(person.id) },
  });
  put(telling, desk, { path: demographicsPath, content: withContacts });
  const date = daysBefore(days);
  const known = chance.happens(0.3) ? chance.some(allergens, chance.whole(1, 2)) : [];
  putAll(telling, person.nurse, {
    summary: "First appointment",
    files: {
      "notes/allergies.yaml": `asked_by: ${nameOf(person.nurse)}\nasked_on: ${date}\nallergies: [${known.join(", ")}]\n`,
      "documents/registration.md": registrationForm(chance, date),
    },
  });
};

const letterOf = ({ letter, writer }: Visit, date: string): string =>
  `# To: ${letter?.to ?? ""}\n\n${date}\n\nDear colleagues,\n\n${letter?.text ?? ""} Thank you for your advice.\n\n${nameOf(writer)}\n`;

const tellVisit = (telling: Telling, visit: Visit, problems: string[]): void => {
  const { writer, slug, problem, report } = visit;
  const date = daysBefore(visit.days);
  put(telling, writer, { path: `notes/${date.slice(0, 4)}/${date}-${slug}.md`, content: visit.note });
  if (problem !== undefined) {
    problems.push(`- ${problem}, since ${date.slice(0, 7)}`);
    put(telling, writer, { path: "notes/problems.md", content: `# Problems\n\n${problems.join("\n")}\n` });
  }
  if (report !== undefined) {
    const reported = daysBefore(visit.days - 1);
    const content = `reported: ${reported}\nvalues:\n${report}\n`;
    put(telling, desk, { path: `documents/reports/${reported}-${slug}.yaml`, content });
  }
  if (visit.letter !== undefined) {
    put(telling, writer, { path: `documents/letters/${date}-${slug}.md`, content: letterOf(visit, date) });
  }
};

const tellMistake = (telling: Telling, chance: Chance): void => {
  const path = `documents/scan-${chance.whole(1_000, 9_999)}.txt`;
  put(telling, desk, { path, content: "Scan of a form that belongs to somebody else.\n" });
  remove(telling, desk, path);
};

const tellLeaving = (telling: Telling, { id }: Person): void => {
  const content = ehrStatusYaml(id).replace("is_modifiable: true", "is_modifiable: false");
  put(telling, desk, { path: ehrStatusPath, content });
};

/** The story of patient `n` (from 1). Refers to no clock: it ends on the sample's last day. */
export const storyNumber = (n: number): Story => {
  const person = personNumber(n);
  const chance = chanceFrom(`story ${person.id}`);
  const telling = newTelling(person.id);
  const visits = visitsOf(person);
  tellFirstDay(telling, person, (visits[0]?.days ?? 0) + chance.whole(0, 20));
  const [, , ...moves] = demographicsOverTime(person);
  const problems: string[] = [];
  for (const visit of visits) {
    tellVisit(telling, visit, problems);
    const moved = chance.happens(0.3) ? moves.shift() : undefined;
    if (moved !== undefined) put(telling, desk, { path: demographicsPath, content: moved });
  }
  if (chance.happens(0.05)) tellMistake(telling, chance);
  if (chance.happens(0.02)) tellLeaving(telling, person);
  return { patientId: person.id, requests: telling.requests };
};
