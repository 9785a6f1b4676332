import type { Condition } from "./condition.ts";

/** Problems that are followed by figures from the laboratory or the cuff. */
export const bloodConditions: readonly Condition[] = [
  {
    slug: "hypertension",
    title: "Raised blood pressure",
    ages: [35, 97],
    openings: [
      "Found at a routine check; three home readings since then were raised as well.",
      "Came after the pharmacy's machine flashed red twice in one week. No chest pain, no headaches.",
      "Raised on two visits for other reasons; a father with a stroke at 61 prompted this appointment.",
    ],
    intervals: [
      "Home readings written down each morning; most are better than last time.",
      "Ran out of tablets for nine days while travelling and restarted last week.",
      "No dizziness on standing. Walks to work now, about forty minutes a day.",
      "A dry cough at night for three weeks, which started with the new tablets.",
      "Ankles swell towards evening, worse in warm weather.",
      "Forgets the evening dose about once a week; takes everything in the morning from now on.",
    ],
    findings: [
      "Heart sounds normal, no murmur.",
      "No ankle oedema.",
      "Fundi: no haemorrhages.",
      "Pulse regular.",
      "Urine dipstick clear.",
    ],
    courses: [
      { label: "Systolic, mean of two", first: 164, last: 133, scatter: 7, unit: "mmHg" },
      { label: "Diastolic, mean of two", first: 98, last: 81, scatter: 5, unit: "mmHg" },
      { label: "Pulse", first: 78, last: 70, scatter: 6, unit: "/min" },
    ],
    steps: [
      "Home readings twice a day for seven days, then decide. Bloods and urine sent.",
      "Start amlodipine 5 mg in the morning. Leaflet given.",
      "Add ramipril 2.5 mg; kidney function in two weeks.",
      "Ramipril changed to losartan 50 mg because of the cough.",
      "No change. Next check in six months.",
    ],
    advice: [
      "Salt: less bread and ready meals.",
      "Agreed on two alcohol-free days more each week.",
      "Cuff lent until the next visit.",
    ],
    clinic: "Blood pressure clinic",
  },
  {
    slug: "type-2-diabetes",
    title: "Type 2 diabetes",
    ages: [38, 92],
    openings: [
      "Thirst and getting up three times a night since about two months; glucose raised on a finger prick.",
      "Screening blood test above the limit twice, without symptoms.",
      "The optician mentioned changes at the back of the eye and suggested a blood test.",
    ],
    intervals: [
      "Lost 3 kg since the last visit by leaving out sweet drinks.",
      "Some bloating on the new tablets, settled after ten days.",
      "Two low readings after gardening without lunch; knows now what to carry.",
      "Feet checked every evening as shown; no sores.",
      "Ate differently during a month of family visits, and the figures show it.",
    ],
    findings: [
      "Foot pulses present on both sides.",
      "Monofilament felt at all ten points.",
      "Small callus under the left first toe.",
      "Weight written on the chart.",
    ],
    courses: [
      { label: "HbA1c", first: 71, last: 54, scatter: 4, unit: "mmol/mol" },
      { label: "Fasting glucose", first: 172, last: 128, scatter: 15, unit: "mg/dL" },
      { label: "Weight", first: 91, last: 86, scatter: 3, spread: 0.25, decimals: 1, unit: "kg" },
    ],
    steps: [
      "Metformin 500 mg with the evening meal, to be doubled after a week. Education course booked.",
      "Metformin 1 g twice a day. Retinal photographs ordered.",
      "Add empagliflozin 10 mg; sick-day rules explained and given in writing.",
      "Dietitian to see. Figures again in three months.",
      "Target reached; yearly review booked.",
    ],
    advice: [
      "Brought a food diary: breakfast is the place to start.",
      "Vaccinations up to date.",
      "Shoes looked at together; wider ones suggested.",
    ],
    clinic: "Diabetes team",
  },
  {
    slug: "underactive-thyroid",
    title: "Underactive thyroid",
    ages: [20, 85],
    openings: [
      "Tired, cold and six kilos heavier than a year ago; TSH clearly raised.",
      "Hair loss and a slow pulse; mother and aunt take thyroxine.",
      "Found in bloods taken for low mood.",
    ],
    intervals: [
      "More energy after a month; takes the tablet with coffee, which was discussed.",
      "Palpitations for a few days after the increase, then nothing.",
      "Missed a week of tablets when the pharmacy was out of stock.",
      "Feels as before it all began.",
    ],
    findings: ["Thyroid not enlarged.", "Skin less dry.", "Reflexes brisk.", "No tremor."],
    courses: [
      { label: "TSH", first: 14.2, last: 2.4, scatter: 0.9, decimals: 1, unit: "mU/L" },
      { label: "Pulse", first: 56, last: 68, scatter: 4, unit: "/min" },
    ],
    steps: [
      "Levothyroxine 50 micrograms before breakfast. TSH in six weeks.",
      "Levothyroxine 75 micrograms.",
      "Levothyroxine 100 micrograms.",
      "Dose stays. TSH once a year.",
    ],
    advice: ["Half an hour before food, not with iron or milk.", "To tell us at once when planning a pregnancy."],
    clinic: "Endocrinology advice line",
  },
  {
    slug: "low-iron",
    title: "Iron deficiency",
    ages: [14, 55],
    openings: [
      "Breathless on the second floor and pale; heavy periods for a year.",
      "Turned away as a blood donor because of a low count.",
    ],
    intervals: [
      "Dark stools from the tablets, as expected.",
      "Every second day suits the stomach better.",
      "Feels well; nails no longer split.",
    ],
    findings: ["Conjunctivae pale.", "Abdomen soft.", "No murmur.", "Tongue normal."],
    courses: [
      { label: "Haemoglobin", first: 98, last: 131, scatter: 4, unit: "g/L" },
      { label: "Ferritin", first: 6, last: 48, scatter: 5, unit: "micrograms/L" },
    ],
    steps: [
      "Ferrous sulphate 200 mg every second day. Coeliac screen.",
      "Goes on for three months beyond a normal count.",
      "Tablets stopped; count in half a year.",
    ],
    advice: ["With orange juice, not with tea.", "List of foods given."],
    clinic: "Haematology advice",
  },
];
