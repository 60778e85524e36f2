// SPDX-License-Identifier: MIT
//
// The page as its readers use it: every step of every act, every button that breaks something, by mouse, by
// keys and by links, on phones, in print, and without its script.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { actsOf, explain, exportPage, folder, go, launch, overflow, visit, wrongValues } from "./harness.mjs";

const ACTS = ["handshake", "routing", "journey", "life"];
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

const current = (page, act) => page.$eval(`[data-act="${act}"] [data-step].current`, (step) => step.dataset.step);

test("the page's story is what the program computes when it is asked again", async () => {
  const { page, close } = await visit(browser, address);
  const embedded = JSON.parse(await page.$eval("#story", (element) => element.textContent));
  assert.deepEqual(embedded, JSON.parse(explain("--json")));
  assert.deepEqual((await actsOf(page)).map((act) => act.name).filter((name) => ACTS.includes(name)), ACTS);
  await close();
});

for (const name of ACTS) {
  test(`${name}: every step shows the story's values, forwards, backwards and by link`, async () => {
    const { page, close } = await visit(browser, address);
    const { steps } = (await actsOf(page)).find((act) => act.name === name);
    const act = page.locator(`[data-act="${name}"]`);
    assert.ok(steps.length >= 4, `${steps.length} steps`);
    for (const [index, step] of steps.entries()) {
      assert.equal(await current(page, name), step);
      assert.deepEqual(await wrongValues(page), [], `at ${step}`);
      if (index + 1 < steps.length) await act.getByRole("button", { name: "Next", exact: true }).click();
    }
    for (const step of steps.toReversed?.() ?? [...steps].reverse()) {
      assert.equal(await current(page, name), step);
      assert.equal(new URL(page.url()).hash, step === steps.at(-1) && steps.length === 1 ? "" : `#${name}.${step}`);
      if (step !== steps[0]) await act.getByRole("button", { name: "Previous", exact: true }).click();
    }
    for (const step of [steps.at(-1), steps[1], steps.at(-2)]) {
      await go(page, name, step);
      assert.deepEqual(await wrongValues(page), [], `at ${step}, by link`);
    }
    await act.getByRole("button", { name: "Reset", exact: true }).click();
    assert.equal(await current(page, name), steps[0]);
    await close();
    const linked = await visit(browser, `${address}#${name}.${steps[2]}`);
    assert.equal(await current(linked.page, name), steps[2]);
    await linked.close();
  });

  test(`${name}: arrow keys step, Home and End jump, Play goes on by itself`, async () => {
    const { page, close } = await visit(browser, address, { reducedMotion: "reduce" });
    const { steps } = (await actsOf(page)).find((act) => act.name === name);
    await go(page, name, steps[0]);
    await page.keyboard.press("ArrowRight");
    assert.equal(await current(page, name), steps[1]);
    await page.keyboard.press("ArrowLeft");
    assert.equal(await current(page, name), steps[0]);
    await page.keyboard.press("End");
    assert.equal(await current(page, name), steps.at(-1));
    await page.keyboard.press("Home");
    assert.equal(await current(page, name), steps[0]);
    await page.clock.install();
    await page.locator(`[data-act="${name}"]`).getByRole("button", { name: "Play", exact: true }).click();
    await page.clock.runFor(16000);
    assert.notEqual(await current(page, name), steps[0]);
    await page.locator(`[data-act="${name}"]`).getByRole("button", { name: "Pause", exact: true }).click();
    await close();
  });

  test(`${name}: every button under Break it breaks something, and the values are the story's`, async () => {
    const { page, close } = await visit(browser, address);
    const part = page.locator(`[data-act="${name}"] [data-break]`);
    const buttons = part.getByRole("button");
    assert.ok((await buttons.count()) >= 2, `${await buttons.count()} buttons`);
    const seen = new Set();
    for (let i = 0; i < (await buttons.count()); i++) { // some change how many there are
      const button = buttons.nth(i);
      // Of bytes some; handshake_test.mjs picks them all.
      if ((await button.getAttribute("data-offset")) % 16 > 0) continue;
      if (!(await button.isVisible()) || !(await button.isEnabled())) continue;
      await button.click();
      seen.add((await part.innerText()).replace(/\s+/g, " "));
      assert.deepEqual(await wrongValues(page), [], await button.innerText());
    }
    assert.ok(seen.size >= 2, "all buttons show the same");
    await close();
  });
}

test("360 pixels are wide enough for every step and all that folds out", async () => {
  const { page, close } = await visit(browser, address, { viewport: { width: 360, height: 740 } });
  await page.$$eval("details", (all) => all.forEach((one) => { one.open = true; }));
  for (const { name, steps } of await actsOf(page)) {
    for (const step of steps) {
      await go(page, name, step);
      assert.deepEqual(await overflow(page), [], `${name}.${step}`);
    }
  }
  await close();
});

test("without its script the page says it all, and no value is missing", async () => {
  const { page, close } = await visit(browser, address, { javaScriptEnabled: false });
  const hidden = await page.locator("[data-step]:not(:visible)").count();
  assert.equal(hidden, 0, "steps that cannot be seen");
  assert.ok((await page.locator("[data-step]:visible").count()) > 30);
  const text = await page.locator("main").innerText();
  for (const wrong of ["{{", "undefined", "null", "NaN"]) assert.ok(!text.includes(wrong), wrong);
  await close();
});

test("in print all steps are there, and nothing to press", async () => {
  const { page, close } = await visit(browser, address);
  await page.emulateMedia({ media: "print" });
  const hidden = await page.$$eval("[data-step]", (steps) => steps.filter((step) => step.offsetHeight === 0).length);
  assert.equal(hidden, 0);
  await close();
});
