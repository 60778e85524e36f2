// SPDX-License-Identifier: MIT
//
// "Check it yourself": every command that the page gives prints what the page says that it prints.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import path from "node:path";
import { after, before, test } from "node:test";
import { explain, exportPage, folder, launch, visit, VOLE } from "./harness.mjs";

let browser, place, address;

before(async () => {
  browser = await launch();
  place = folder();
  address = exportPage(place.name);
});

after(async () => {
  await browser?.close();
  place?.remove();
});

// As a reader would have it: in a folder with the capture that the page offers, vole on the path.
function run(command) {
  const shell = { cwd: place.name, encoding: "utf8", timeout: 60000, stdio: ["ignore", "pipe", "pipe"],
    env: { ...process.env, PATH: `${path.dirname(VOLE)}:${process.env.PATH}` } };
  return execFileSync("sh", ["-eu", "-c", command], shell).trim();
}

test("every command prints what is written under it", async () => {
  explain("--capture", path.join(place.name, "vole-explain.pcapng"));
  const { page, close } = await visit(browser, address, { javaScriptEnabled: false });
  const checks = await page.$$eval(".check", (all) => all.map((one) => ({
    where: one.closest("[id]").id,
    command: one.querySelector("pre.command").textContent,
    expected: one.querySelector(".expect").textContent.trim(),
  })));
  await close();
  assert.ok(checks.length >= 20, `only ${checks.length} commands`);
  const wrong = [];
  for (const { where, command, expected } of checks) {
    let printed;
    try {
      printed = run(command);
    } catch (problem) {
      printed = `failed: ${problem.stderr || problem.message}`;
    }
    if (printed !== expected) wrong.push(`${where}: printed ${printed.slice(0, 300)}, expected ${expected.slice(0, 300)}`);
  }
  assert.deepEqual(wrong, []);
});
