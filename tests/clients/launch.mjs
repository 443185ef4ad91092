// A clinician opens a SMART app in a browser: signs in, chooses a patient if asked, agrees.
//   node launch.mjs CHROMIUM LAUNCH_ADDRESS     prints what the app saw as JSON
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { chromium } from "playwright-core";

const [executablePath, address] = process.argv.slice(2);
const folder = mkdtempSync(join(tmpdir(), "homeward-browser-"));
const browser = await chromium.launchPersistentContext(folder, {
  executablePath,
  args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--no-first-run"],
});
try {
  const page = await browser.newPage();
  await page.goto(address);
  await page.getByLabel("Name").fill("dr-ann");
  await page.getByLabel("Password").fill("correct horse battery");
  await page.getByRole("button", { name: "Sign in", exact: true }).click();
  const allow = page.getByRole("button", { name: "Allow" });
  await allow.waitFor();
  const typed = page.getByLabel("Patient id");
  if (await typed.count()) await typed.fill("ann");
  await allow.click();
  await page.waitForFunction(() => document.querySelector("#seen")?.textContent);
  console.log(await page.locator("#seen").textContent());
} finally {
  await browser.close();
  rmSync(folder, { recursive: true, force: true });
}
