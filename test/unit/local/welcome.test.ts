import { execFileSync } from "node:child_process";
import { mkdirSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { openIssuer } from "../../../infra/local/issuer.ts";
import { welcome } from "../../../infra/local/welcome.ts";
import { aFolder } from "../../support/engines.ts";

const tokenLine = (text: string): string => /^export TOKEN=.*$/m.exec(text)![0];
const aToken = /^export TOKEN=[\w-]+\.[\w-]+\.[\w-]+$/;

test("the welcome holds a token for a terminal only; else the command that prints one", async () => {
  using folder = aFolder();
  const data = join(folder.path, "it's here");
  mkdirSync(data);
  const options = { url: "http://127.0.0.1:1", issuer: await openIssuer(data), data };
  expect(tokenLine(await welcome({ ...options, isTerminal: true }))).toMatch(aToken);
  const line = tokenLine(await welcome({ ...options, isTerminal: false }));
  expect(line).toContain("npm run -s token");
  const printed = execFileSync("bash", ["-c", `${line}; echo "export TOKEN=$TOKEN"`], { encoding: "utf8" });
  expect(printed.trim()).toMatch(aToken);
});
