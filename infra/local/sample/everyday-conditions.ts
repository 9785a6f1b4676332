import type { Condition } from "./condition.ts";

/** Problems that are followed by what the patient can do. */
export const everydayConditions: readonly Condition[] = [
  {
    slug: "asthma",
    title: "Asthma",
    ages: [16, 70],
    openings: [
      "Wheeze with every cold since last winter, and a cough that wakes at four in the morning.",
      "Short of breath on the sports field; better within minutes of a borrowed inhaler.",
      "Moved into a house with two cats; chest tight ever since.",
    ],
    intervals: [
      "Blue inhaler used twice a week at most.",
      "One bad week with a cold, managed with the plan, no steroids needed.",
      "Stopped the brown inhaler when well and was wheezing within a fortnight.",
      "Sleeps through. Runs five kilometres without stopping.",
      "Pollen season: daily symptoms, better indoors.",
    ],
    findings: [
      "Chest clear.",
      "Scattered wheeze at both bases.",
      "Inhaler technique checked: breathes in too fast, corrected.",
      "No eczema today.",
      "Speaks in full sentences.",
    ],
    courses: [
      { label: "Peak flow", first: 340, last: 430, scatter: 25, unit: "L/min" },
      { label: "Oxygen saturation", first: 97, last: 98, scatter: 0.9, spread: 0, unit: "%" },
    ],
    steps: [
      "Peak flow diary for two weeks; salbutamol as needed.",
      "Start beclometasone 100 micrograms twice a day through a spacer.",
      "Combination inhaler morning and evening, and as reliever.",
      "Written action plan renewed; keep the dose through the winter.",
      "Step down by one puff; call when the diary falls into yellow.",
    ],
    advice: ["Rinse the mouth after each use.", "Flu vaccination in October.", "Cats out of the bedroom, as a start."],
    clinic: "Respiratory physiology",
  },
  {
    slug: "knee-osteoarthritis",
    title: "Painful knee",
    ages: [48, 95],
    openings: [
      "Right knee hurts on stairs since the summer; stiff for ten minutes in the morning.",
      "Both knees ache after standing in the shop all day. No injury, no locking.",
      "Old football injury; now the knee swells after every long walk.",
    ],
    intervals: [
      "Exercises done most days; the stairs are easier, kneeling is not.",
      "A fall on ice two weeks ago, bruise gone, pain as before.",
      "Gel helps for the evening. Wants to avoid tablets.",
      "Bought a stick and is glad of it.",
      "Could dance at a wedding, and paid for it the next day.",
    ],
    findings: [
      "Crepitus, no warmth.",
      "Small effusion on the right.",
      "Quadriceps thinner on the painful side.",
      "Full extension, flexion to 115 degrees.",
      "Hips move freely.",
    ],
    courses: [
      { label: "Pain on walking (0 to 10)", first: 7, last: 4, scatter: 1, spread: 0.1, unit: "points" },
      { label: "Walking distance", first: 400, last: 1_300, scatter: 150, unit: "m" },
    ],
    steps: [
      "Explained; exercise sheet and diclofenac gel.",
      "Physiotherapy, six sessions.",
      "Injection of steroid into the right knee after consent; rest for two days.",
      "X-ray of both knees standing.",
      "Goes on with the exercises; comes when it gets worse.",
    ],
    advice: ["Cycling rather than running.", "A raised seat at home.", "Talked about weight without blame."],
    clinic: "Orthopaedic assessment",
  },
  {
    slug: "migraine",
    title: "Migraine",
    ages: [12, 64],
    openings: [
      "Four attacks a month, left-sided, with zigzag lines before; has to lie down in the dark.",
      "Headaches at weekends since starting the new job, with nausea.",
    ],
    intervals: [
      "Diary shows attacks after short nights.",
      "Two attacks since last time, both stopped within an hour.",
      "Took painkillers on fourteen days last month: too many, agreed to stop.",
      "No attack for seven weeks.",
    ],
    findings: ["Neurological examination normal.", "Neck muscles tight.", "Fundi normal.", "Blood pressure normal."],
    courses: [{ label: "Headache days a month", first: 11, last: 3, scatter: 1.5, unit: "days" }],
    steps: [
      "Sumatriptan 50 mg at the start of the pain; diary.",
      "Propranolol 40 mg twice a day for prevention.",
      "Propranolol 80 mg twice a day.",
      "Prevention to go on for half a year, then try without.",
    ],
    advice: ["Regular sleep, also on Saturdays.", "Coffee down to two cups.", "App shown for the diary."],
    clinic: "Headache clinic",
  },
  {
    slug: "low-mood",
    title: "Low mood",
    ages: [16, 85],
    openings: [
      "Low since the spring, wakes early, no pleasure in the choir any more. No thoughts of self-harm; asked directly.",
      "Came with a partner who noticed first. Off work for a week.",
    ],
    intervals: [
      "Goes out each day, if only to the corner.",
      "Back at work three days a week.",
      "Two bad days around an anniversary; used the plan.",
      "Sleeps six hours now.",
    ],
    findings: [
      "Good eye contact, some tears.",
      "Speech slow, better than last time.",
      "Smiled twice.",
      "No psychotic features.",
    ],
    courses: [{ label: "PHQ-9", first: 17, last: 6, scatter: 2, spread: 0.1, unit: "points" }],
    steps: [
      "Talking therapy: filled in the form online during the visit. Seen again in two weeks.",
      "Sertraline 50 mg in the morning after talking through the choice.",
      "Sertraline 100 mg.",
      "Stays on the dose for six months after feeling well.",
    ],
    advice: ["Crisis line number on a card.", "One walk a day, with the neighbour's dog.", "Note for the employer."],
    clinic: "Talking therapies",
  },
];
