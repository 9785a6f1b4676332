import { describe, expect, test } from "vitest";
import { DeploySettingsError, readDeploySettings } from "../../infra/aws/deploy-settings.ts";

const issuer = {
  issuer: "https://id.example.org",
  audience: "casenotes",
  jwksUri: "https://id.example.org/jwks.json",
  algorithms: ["ES256"],
};

const settingsWith = (over: Readonly<Record<string, string>> = {}) =>
  readDeploySettings({ CASENOTES_ISSUERS: JSON.stringify([issuer]), ...over });

const trusting = (over: Readonly<Record<string, unknown>>) =>
  settingsWith({ CASENOTES_ISSUERS: JSON.stringify([issuer, { ...issuer, ...over }]) });

const refusalOf = (read: () => unknown): string => {
  try {
    read();
  } catch (cause) {
    if (cause instanceof DeploySettingsError) return cause.message;
    throw cause;
  }
  return "";
};

describe("the settings of a deployment", () => {
  test("need nothing but whose tokens are taken", () => {
    expect(settingsWith()).toEqual({ issuers: [issuer], alarmEmail: undefined, baseUrl: undefined });
    expect(settingsWith({ CASENOTES_ALARM_EMAIL: "", CASENOTES_BASE_URL: "" })).toEqual(settingsWith());
  });

  test("keep an address for alarms, and a base URL without the slashes at its end", () => {
    expect(
      settingsWith({ CASENOTES_ALARM_EMAIL: "ops@example.org", CASENOTES_BASE_URL: "https://records.example.org//" }),
    ).toMatchObject({ alarmEmail: "ops@example.org", baseUrl: "https://records.example.org" });
  });

  test("trust several issuers, each with algorithms of its own", () => {
    const other = { ...issuer, issuer: "https://other.example.org", algorithms: ["RS256", "EdDSA"] };
    expect(trusting(other).issuers).toEqual([issuer, other]);
  });

  test("without an issuer are refused with the place that has an example", () => {
    for (const value of [{}, { CASENOTES_ISSUERS: "" }])
      expect(refusalOf(() => readDeploySettings(value))).toMatch(/^CASENOTES_ISSUERS is missing: .*docs\/deploy\.md/);
  });

  test.for([
    ["no list", { CASENOTES_ISSUERS: "{}" }],
    ["an empty list", { CASENOTES_ISSUERS: "[]" }],
    ["no JSON", { CASENOTES_ISSUERS: "[{" }],
    ["a list of no objects", { CASENOTES_ISSUERS: "[null]" }],
  ] as const)("refuse %s of issuers", ([, over]) => {
    expect(refusalOf(() => settingsWith(over))).toMatch(/^CASENOTES_ISSUERS must be a JSON list/);
  });

  test.for([
    ["without an audience", { audience: "" }],
    ["with a name that is no text", { issuer: 1 }],
    ["whose keys come in clear from another machine", { jwksUri: "http://id.example.org/jwks.json" }],
    ["whose keys are in no URL", { jwksUri: "jwks.json" }],
    ["without an algorithm", { algorithms: [] }],
    ["that signs with a secret of ours", { algorithms: ["ES256", "HS256"] }],
    ["that does not sign", { algorithms: ["none"] }],
  ] as const)("refuse an issuer %s, also beside a good one", ([, over]) => {
    expect(refusalOf(() => trusting(over))).toMatch(/^CASENOTES_ISSUERS must be/);
  });

  test.for(["http://records.example.org", "records.example.org", "javascript:0"])("refuse the base URL %s", (url) => {
    expect(refusalOf(() => settingsWith({ CASENOTES_BASE_URL: url }))).toBe("CASENOTES_BASE_URL must be an https URL.");
  });

  test("are refused with every problem at once, and without their values", () => {
    const bad = "not what it takes";
    const text = refusalOf(() =>
      readDeploySettings({ CASENOTES_ISSUERS: bad, CASENOTES_ALARM_EMAIL: bad, CASENOTES_BASE_URL: bad }),
    );
    expect(text.split("\n").map((line) => line.split(" ")[0])).toEqual([
      "CASENOTES_ISSUERS",
      "CASENOTES_ALARM_EMAIL",
      "CASENOTES_BASE_URL",
    ]);
    expect(text).not.toContain(bad);
  });
});
