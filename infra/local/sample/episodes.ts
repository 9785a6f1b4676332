import type { Episode } from "./condition.ts";

/** The short-term complaints of the sample clinic. */
export const episodes: readonly Episode[] = [
  {
    slug: "sore-throat",
    title: "Sore throat",
    ages: [3, 60],
    history: [
      "Three days of pain on swallowing, no cough.",
      "Throat and fever since the weekend; a sibling had the same.",
    ],
    findings: ["Tonsils red, no pus. Neck glands small.", "White spots on both tonsils, temperature 38.4 °C."],
    plans: [
      "Will pass by itself; painkillers and ice lollies.",
      "Phenoxymethylpenicillin for five days, to start only if worse on Thursday.",
    ],
  },
  {
    slug: "ear-pain",
    title: "Ear pain",
    ages: [1, 12],
    history: [
      "Cried through the night and pulled at the left ear.",
      "Ear running since yesterday; pain gone since then.",
    ],
    findings: ["Left drum red and bulging.", "Small hole in the drum, dry edges."],
    plans: ["Paracetamol by weight; look again in three days.", "Keep dry, check hearing in six weeks."],
  },
  {
    slug: "sprained-ankle",
    title: "Sprained ankle",
    ages: [10, 70],
    history: [
      "Missed the last step with a suitcase in each hand.",
      "Turned the foot at five-a-side; could walk off the pitch.",
    ],
    findings: [
      "Swollen on the outside, no pain over bone, four steps possible.",
      "Bruise down to the toes; squeeze test negative.",
    ],
    plans: ["Brace for two weeks, exercises from tomorrow.", "Cold, height, and a return to sport in steps."],
  },
  {
    slug: "bladder-infection",
    title: "Bladder infection",
    ages: [18, 90],
    history: ["Burning and urgency since yesterday. No fever, no flank pain.", "Third time this year."],
    findings: [
      "Abdomen soft, slight pain above the pubis. Dipstick: leucocytes, nitrite.",
      "Dipstick: leucocytes only; sample sent.",
    ],
    plans: ["Nitrofurantoin for three days.", "Result awaited; to drink more and to call on Friday."],
  },
  {
    slug: "back-pain",
    title: "Low back pain",
    ages: [20, 75],
    history: [
      "Lifted a washing machine; stiff since the morning after.",
      "On and off for a month, worse in the car. No numbness.",
    ],
    findings: ["Bends to mid-shin, straight leg raise free.", "Muscle tight on the right; reflexes equal."],
    plans: ["Stay active; naproxen for a week with food.", "Exercises shown; no picture needed."],
  },
  {
    slug: "rash",
    title: "Itchy rash",
    ages: [1, 80],
    history: ["Hands cracked since using a new cleaner at work.", "In the elbows every winter, this year worse."],
    findings: ["Dry red patches with scratch marks, not infected.", "Weeping edge on two fingers."],
    plans: [
      "Emollient by the tub, hydrocortisone 1 % for a week.",
      "Gloves with cotton inside; betamethasone for ten days.",
    ],
  },
  {
    slug: "vaccination",
    title: "Vaccination",
    ages: [0, 97],
    history: ["Here for the yearly flu vaccination. Well today.", "Tetanus due; no reaction to earlier doses."],
    findings: [
      "Temperature normal. Given in the left upper arm.",
      "Given in the right upper arm; waited a quarter of an hour.",
    ],
    plans: ["Entered in the vaccination book.", "Sore arm explained; next dose in ten years."],
  },
  {
    slug: "wound-check",
    title: "Wound check",
    ages: [5, 95],
    history: ["Kitchen knife, stitched in the emergency department a week ago.", "Skin tag removed here ten days ago."],
    findings: ["Dry, edges together, no redness.", "Slight redness at one stitch, no pus."],
    plans: ["Stitches out, strips for five days.", "Dressing changed; again on Monday."],
  },
  {
    slug: "travel-advice",
    title: "Travel advice",
    ages: [2, 80],
    history: ["Three weeks with family abroad, leaving next month.", "Field work in the tropics for half a year."],
    findings: ["Vaccination book seen: hepatitis A missing.", "All routine vaccinations up to date."],
    plans: [
      "Hepatitis A today, malaria tablets prescribed.",
      "Typhoid vaccination; advice on water and insects in writing.",
    ],
  },
  {
    slug: "cough",
    title: "Cough",
    ages: [2, 95],
    history: ["Two weeks after a cold, worse lying down.", "Yellow phlegm and a temperature for four days."],
    findings: ["Chest clear, saturation 98 %.", "Crackles at the right base, 22 breaths a minute."],
    plans: ["Honey and time; back if breathless.", "Amoxicillin for five days; phone call tomorrow."],
  },
  {
    slug: "dizziness",
    title: "Dizziness",
    ages: [30, 95],
    history: ["Room spins for seconds when turning over in bed.", "Light-headed on standing since the heat began."],
    findings: ["Positional test positive on the right.", "Standing: systolic falls by 24 mmHg after a minute."],
    plans: ["Repositioning done in the room; sheet for home.", "Fluids; water tablet halved."],
  },
  {
    slug: "hearing",
    title: "Blocked ear",
    ages: [25, 97],
    history: ["The television is too loud for everyone else.", "Deaf on one side since swimming."],
    findings: ["Wax on both sides, drums not seen.", "Wax on the left; right drum normal."],
    plans: ["Oil for a week, then again.", "Cleared by suction; hears the watch."],
  },
];
