// SPDX-License-Identifier: MIT
//
// What all acts share: links and where they lead, words explained in their place, the source of a function
// beside the bytes that it makes, the bytes by keys, the colours.

import assert from "node:assert/strict";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { exportPage, folder, launch, TREE, visit } from "./harness.mjs";

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

// The page when it has come to rest.
async function visitAtRest(options, hash = "") {
  const visited = await visit(browser, `${address}${hash}`, options);
  await visited.page.waitForSelector("html.ready");
  return visited;
}

test("every link within the page leads somewhere, every dotted word to its explanation", async () => {
  const { page, close } = await visit(browser, address, { javaScriptEnabled: false });
  const lost = await page.$$eval('a[href^="#"]', (links) => links
    .map((link) => link.getAttribute("href").slice(1))
    .filter((id) => id !== "" && !document.getElementById(id)));
  assert.deepEqual(lost, []);
  const words = await page.$$eval("a.term", (terms) => terms
    .filter((term) => document.getElementById(term.hash.slice(1))?.nextElementSibling?.tagName !== "DD")
    .map((term) => term.outerHTML));
  assert.deepEqual(words, []);
  await close();
});

test("every function that is named as a source can be shown, just as it stands in the tree", async () => {
  const { page, close } = await visit(browser, address);
  const sources = JSON.parse(await page.$eval("#sources", (element) => element.textContent));
  for (const [name, { file, line, text }] of Object.entries(sources)) {
    const lines = readFileSync(path.join(TREE, file), "utf8").split("\n");
    assert.ok(lines.join("\n").includes(text), name);
    assert.match(lines.slice(line - 1, line + 3).join(" "), new RegExp(`\\b${name}\\(`), `${file}:${line}`);
  }
  const named = await page.$$eval("a[data-source], button.function", (all) => all.map((one) => one.dataset.source));
  assert.deepEqual(named.filter((name) => !(name in sources)), []);
  await close();
});

test("a dotted word is explained where it stands, and Escape leads back to it", async () => {
  const { page, close } = await visitAtRest({}, "#handshake.es");
  const term = page.locator("#handshake .step.current a.term").first();
  const before = page.url();
  await term.click();
  assert.equal(page.url(), before);
  const id = (await term.getAttribute("href")).slice(1);
  const explanation = await page.evaluate((wanted) => document.getElementById(wanted).nextElementSibling.textContent, id);
  assert.ok((await page.locator(".tip").innerText()).includes(explanation.trim()));
  await page.keyboard.press("Escape");
  assert.equal(await page.locator(".tip").count(), 0);
  assert.equal(await page.evaluate(() => document.activeElement.hash.slice(1)), id);
  await close();
});

test("a function's name opens its source, which lists what it makes and lights it up", async () => {
  const { page, close } = await visitAtRest({}, "#handshake.timestamp");
  const sources = JSON.parse(await page.$eval("#sources", (element) => element.textContent));
  const button = page.locator("#handshake .stage .byte-field button.function", { hasText: "seal_and_hash" }).first();
  await button.click();
  const panel = page.locator("#source-panel");
  assert.equal((await panel.locator("pre").textContent()).trim(), sources.seal_and_hash.text.trim());
  const made = panel.locator(".made button", { hasText: /^time, sealed$/ });
  await made.hover();
  const lit = await page.$$eval("#handshake .stage .byte-field.lit .byte-name b", (all) => all.map((one) => one.textContent));
  assert.deepEqual(lit, ["time, sealed"]);
  await page.keyboard.press("Escape");
  assert.ok(await panel.isHidden());
  assert.ok(await button.evaluate((element) => element === document.activeElement));
  await close();
});

test("arrow keys walk through bytes that can be picked, and leave the step as it is", async () => {
  const { page, close } = await visitAtRest({}, "#handshake.ss");
  const bytes = page.locator("#handshake [data-break] [data-offset]");
  await bytes.nth(5).click();
  const focused = () => page.evaluate(() => Number(document.activeElement.dataset.offset));
  await page.keyboard.press("ArrowRight");
  assert.equal(await focused(), 6);
  await page.keyboard.press("End");
  assert.equal(await focused(), (await bytes.count()) - 1);
  assert.equal(await page.$eval("#handshake .step.current", (step) => step.dataset.step), "ss");
  await close();
});

for (const reducedMotion of ["reduce", "no-preference"]) {
  test(`a linked step's title is in view at every size, motion: ${reducedMotion}`, async () => {
    const { page, close } = await visitAtRest({ reducedMotion }, "#routing.nested");
    for (const [width, height] of [[1400, 1000], [800, 900], [360, 740]]) {
      await page.setViewportSize({ width, height });
      for (const hash of ["#epilogue", "#journey.seal", "#handshake.es"]) {
        await page.evaluate((to) => { location.hash = to; }, hash);
        if (hash === "#epilogue") continue;
        await page.waitForFunction(() => {
          const step = document.getElementById(location.hash.slice(1));
          const title = step.querySelector("h3").getBoundingClientRect();
          const shown = document.elementFromPoint(title.left + 4, title.top + title.height / 2);
          return step.contains(shown) && title.bottom < window.innerHeight;
        }, undefined, { timeout: 5000 });
      }
    }
    await close();
  });
}

test("a step's title is in view when the page is opened at it", async () => {
  const { page, close } = await visitAtRest({ viewport: { width: 1400, height: 1000 } }, "#life.rekey");
  const { top, bottom } = await page.$eval("#life\\.rekey h3", (title) => title.getBoundingClientRect());
  const controls = await page.$eval("#life .controls", (element) => element.getBoundingClientRect().bottom);
  assert.ok(top >= controls && bottom < 1000, `${top} to ${bottom}, below ${controls}`);
  await close();
});

test("the colours are the system's until the reader chooses, and the choice is kept", async () => {
  const { page, close } = await visit(browser, address, { colorScheme: "light" });
  const paper = () => page.$eval("body", (body) => getComputedStyle(body).backgroundColor);
  const light = await paper();
  await page.emulateMedia({ colorScheme: "dark" });
  const dark = await paper();
  assert.notEqual(dark, light);
  await page.emulateMedia({ colorScheme: "light" });
  await page.locator("button.theme").click();
  assert.equal(await paper(), dark);
  await page.reload();
  assert.equal(await paper(), dark);
  await page.locator("button.theme").click();
  await page.emulateMedia({ colorScheme: "dark" });
  assert.equal(await paper(), light);
  await close();
});

test("what is searched for on the page is found in steps that are not shown", async () => {
  const { page, close } = await visit(browser, address);
  const hidden = await page.$$eval("[data-step]:not(.current)", (steps) => steps.map((step) => step.getAttribute("hidden")));
  assert.deepEqual([...new Set(hidden)], ["until-found"]);
  await page.$eval("#life\\.roaming", (step) => step.dispatchEvent(new Event("beforematch", { bubbles: true })));
  assert.equal(await page.$eval("#life .step.current", (step) => step.dataset.step), "roaming");
  await close();
});
