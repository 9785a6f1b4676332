import { demographicsYaml } from "../../../shared/record/demographics-file.ts";
import type { Demographics } from "../../../shared/record/command.ts";
import { familyNames, femaleNames, maleNames, streets, towns } from "./names.ts";
import { type Chance, chanceFrom, idFrom } from "./random.ts";

/** Who writes in the sample clinic: the subjects of the tokens. */
export const staff = [
  { subject: "sample-gp-1", name: "Dr Ifeoma Brandt", role: "clinician" },
  { subject: "sample-gp-2", name: "Dr Rasmus Quaye", role: "clinician" },
  { subject: "sample-gp-3", name: "Dr Leila Montague", role: "clinician" },
  { subject: "sample-nurse-1", name: "Teresa Vainio", role: "clinician" },
  { subject: "sample-nurse-2", name: "Joseph Amankwah", role: "clinician" },
  { subject: "sample-desk-1", name: "Petra Holm", role: "clinician" },
] as const;

const doctors = [0, 1, 2] as const;
const nurses = [3, 4] as const;
export const desk = 5;

export interface Person {
  readonly id: string;
  readonly demographics: Demographics;
  /** Whole years at the end of the sample's time. */
  readonly age: number;
  readonly doctor: number;
  readonly nurse: number;
}

/** The last day of the sample's time: stories end here, whenever they are told. */
const lastDay = Date.UTC(2026, 10, 20);
const dayMs = 86_400_000;

/** ISO date of `days` before the last day. */
export const daysBefore = (days: number): string => new Date(lastDay - days * dayMs).toISOString().slice(0, 10);

/** Ages as in a family practice: few infants, many in the middle, a long tail. */
const someAge = (chance: Chance): number =>
  chance.happens(0.18) ? chance.whole(0, 17) : Math.min(97, 18 + chance.whole(0, 32) + chance.whole(0, 47));

const givenNames = (chance: Chance, sex: Demographics["sex"]): readonly string[] => {
  const names = sex === "female" ? femaleNames : sex === "male" ? maleNames : chance.pick([femaleNames, maleNames]);
  const first = chance.pick(names);
  const second = chance.pick(names);
  return chance.happens(0.35) && second !== first ? [first, second] : [first];
};

/** Patient `n` of the sample (from 1): always the same. */
export const personNumber = (n: number): Person => {
  const chance = chanceFrom(`person ${n}`);
  const sex = chance.pick<Demographics["sex"]>(chance.happens(0.02) ? ["other", "unknown"] : ["female", "male"]);
  const age = someAge(chance);
  const insured = chance.happens(0.7) ? [{ system: "urn:example:insurance", value: `K${100_000_000 + n}` }] : [];
  return {
    id: idFrom(`casenotes sample patient ${n}`),
    age,
    doctor: chance.pick(doctors),
    nurse: chance.pick(nurses),
    demographics: {
      name: { family: chance.pick(familyNames), given: givenNames(chance, sex) },
      birthDate: daysBefore(Math.floor(age * 365.25) + chance.whole(1, 360)),
      sex,
      identifiers: [{ system: "urn:example:mrn", value: `S${100_000 + n}` }, ...insured],
    },
  };
};

const contactsYaml = (chance: Chance): string => `telecom:
  - system: phone
    value: "+44 1632 960${String(chance.whole(0, 999)).padStart(3, "0")}"
    use: ${chance.pick(["home", "mobile", "work"])}
address:
  - use: home
    line:
      - ${chance.whole(1, 140)} ${chance.pick(streets)}
    city: ${chance.pick(towns)}
    postal_code: ZZ${chance.whole(1, 99)} ${chance.whole(1, 9)}ZZ
    country: GB
`;

/** What the front desk makes of `demographics/patient.yaml`, first and last state included, oldest first. */
export const demographicsOverTime = (person: Person): readonly string[] => {
  const chance = chanceFrom(`contacts ${person.id}`);
  const { demographics } = person;
  const states = [demographicsYaml(demographics), demographicsYaml(demographics) + contactsYaml(chance)];
  if (chance.happens(0.2)) states.push(demographicsYaml(demographics) + contactsYaml(chance));
  if (person.age > 20 && chance.happens(0.08)) {
    const family = chance.pick(familyNames);
    states.push(demographicsYaml({ ...demographics, name: { ...demographics.name, family } }) + contactsYaml(chance));
  }
  return states;
};
