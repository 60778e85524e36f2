// SPDX-License-Identifier: MIT
//
// Act 3 as its readers use it: the file that it offers, the packet that can be watched, sizes, spoilt packets.

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { explain, exportPage, folder, launch, visit, VOLE, wrongValues } from "./harness.mjs";

let browser, place, address, act;

before(async () => {
  browser = await launch();
  place = folder();
  address = exportPage(place.name);
  act = JSON.parse(explain("--json")).journey;
});

after(async () => {
  await browser?.close();
  place?.remove();
});

test("the capture comes with one key, with and without the script, and is the one that vole writes", async () => {
  const written = execFileSync(VOLE, ["explain", "--capture", "-"]);
  for (const javaScriptEnabled of [true, false]) {
    const { page, close } = await visit(browser, `${address}#journey.capture`, { javaScriptEnabled });
    const [download] = await Promise.all([page.waitForEvent("download"), page.press("#journey a[download]", "Enter")]);
    assert.equal(download.suggestedFilename(), act.capture.name);
    const name = path.join(place.name, `clicked-${javaScriptEnabled}.pcapng`);
    await download.saveAs(name);
    assert.deepEqual(readFileSync(name), written);
    await close();
  }
});

test("the packet stands at the station of its step, and grows there as the story says", async () => {
  const { page, close } = await visit(browser, `${address}#journey.app`, { reducedMotion: "reduce" });
  const stations = { app: "laptop.app", peer: "laptop.table", udp: "laptop.kernel", outer: "laptop.nic", internet: "net", index: "server.session", deliver: "server.app", back: "laptop.app" };
  const lengths = { app: act.out.app.length, peer: act.out.app.length, udp: act.out.udp.length, outer: act.out.outer.length, internet: act.out.outer.length,
    index: act.out.datagram.length, deliver: act.out.app.length, back: act.back.app.length };
  for (const [step, station] of Object.entries(stations)) {
    await page.evaluate((name) => { location.hash = `#journey.${name}`; }, step);
    await page.waitForSelector(`#journey [data-step="${step}"].current`);
    assert.deepEqual(await page.$$eval("#journey .journey-map .here[data-part]", (all) => all.map((one) => one.dataset.part)), [station], step);
    assert.equal(await page.locator("#journey .stage .byte").count(), lengths[step], step);
  }
  await close();
});

test("the whole way can be watched, and ends where the reader was", async () => {
  const { page, close } = await visit(browser, `${address}#journey.seal`, { reducedMotion: "reduce" });
  await page.clock.install();
  const seen = new Set();
  await page.getByRole("button", { name: "Watch it travel" }).click();
  for (let i = 0; i < 60; i++) {
    seen.add(await page.$eval("#journey .journey-map .here[data-part]", (part) => part.dataset.part));
    await page.clock.runFor(500);
  }
  assert.equal(seen.size, 11, [...seen].join(" "));
  assert.equal(await page.$eval("#journey .journey-map .here[data-part]", (part) => part.dataset.part), "laptop.session");
  await close();
});

test("the slider shows what was measured of every size", async () => {
  const { page, close } = await visit(browser, `${address}#journey.sizes`);
  const slider = page.locator("#journey-length");
  for (const [key, row] of [["Home", act.sizes.all[0]], ["End", act.sizes.all.at(-1)], ["ArrowLeft", act.sizes.all.at(-2)]]) {
    await slider.press(key);
    const shown = await page.$$eval("#journey .journey-size [data-value^='journey.sizes.all']", (all) => all.map((one) => Number(one.textContent)));
    assert.deepEqual(shown, row);
    assert.deepEqual(await wrongValues(page), []);
  }
  assert.equal(await page.$eval("#journey [data-step='sizes']", (step) => step.classList.contains("current")), true, "the arrow keys were the slider's");
  await close();
});

test("each part of the packet, spoilt, meets the check that the core's own verdict names", async () => {
  const { page, close } = await visit(browser, address);
  const part = page.locator("#journey [data-break]");
  const gates = ["arrive", "index", "open", "window", "source", "deliver"];
  for (const offset of [28, 32, 36, 44, 107]) {
    await part.locator(`[data-offset="${offset}"]`).click();
    const flip = act.flips.bytes[offset];
    const stopped = await part.locator(".journey-flips .journey-gates li").evaluateAll((all) => all.findIndex((one) => one.classList.contains("stopped")));
    assert.equal(gates[stopped], flip.station, `byte ${offset}`);
    assert.equal(await part.locator(`[data-value="journey.flips.bytes.${offset}.drop"]`).innerText(), flip.drop);
  }
  await close();
});
