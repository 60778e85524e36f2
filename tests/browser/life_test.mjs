// SPDX-License-Identifier: MIT
//
// Act 4 as its readers use it: the slider through a life by keys, the drawings against the story, and packets
// walked through networks.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { exportPage, folder, launch, visit, wrongValues } from "./harness.mjs";

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

// The act at a step, and what the story says of it.
async function life(step, options) {
  const visited = await visit(browser, `${address}#life.${step}`, { reducedMotion: "reduce", ...options });
  await visited.page.waitForSelector(`#life [data-step="${step}"].current`);
  const story = JSON.parse(await visited.page.$eval("#story", (element) => element.textContent));
  const stage = visited.page.locator("#life [data-stage]");
  return { ...visited, stage, data: story.life, slider: stage.getByRole("slider") };
}

test("the arrow keys take the slider through every event, and both drawings and words follow", async () => {
  const { page, stage, slider, data, close } = await life("nothing");
  const { frames } = data.session;
  await slider.focus();
  for (const [index, frame] of frames.entries()) {
    assert.equal(await slider.getAttribute("aria-valuetext"), `${frame.time}, ${frame.who}: ${frame.title}`);
    assert.equal(
      await stage.getByRole("img").first().getAttribute("aria-label"),
      `The laptop: ${frame.laptop.words}. The server: ${frame.server.words}.`,
    );
    const told = await stage.locator(".life-caption").innerText();
    for (const { words } of frame.then) assert.ok(told.includes(words), `${words} at event ${index + 1}`);
    await page.keyboard.press("ArrowRight");
  }
  assert.deepEqual(await wrongValues(page), []);
  assert.equal(await page.$eval("#life .step.current", (step) => step.dataset.step), "nothing"); // the keys were the slider's
  await close();
});

test("Page Up goes from one great event to the next, Home and End to the ends, and a click to where it hits", async () => {
  const { page, stage, slider, data, close } = await life("nothing");
  const { frames } = data.session;
  const now = async () => (await slider.getAttribute("aria-valuetext")).split(",")[0];
  await slider.focus();
  await page.keyboard.press("End");
  assert.equal(await now(), frames.at(-1).time);
  await page.keyboard.press("Home");
  assert.equal(await now(), frames[0].time);
  for (const frame of frames.slice(1).filter((one) => one.mark)) {
    await page.keyboard.press("PageUp");
    assert.equal(await now(), frame.time);
  }
  await stage.locator(".life-slots").scrollIntoViewIfNeeded();
  const box = await stage.locator(".life-slots").boundingBox();
  await page.mouse.click(box.x + box.width - 2, box.y + 40);
  assert.equal(await now(), frames.at(-1).time);
  await close();
});

test("the ring has as many cells as the window has bits set, after every step", async () => {
  const { stage, data, close } = await life("window");
  for (const step of data.window.steps) {
    await stage.getByRole("button", { name: step.title, exact: true }).click();
    const cells = await stage.locator(".life-ring path.life-ring-set, .life-ring path.life-ring-old").evaluateAll((paths) =>
      paths.flatMap((path) => [...path.getAttribute("d").matchAll(/M\d+ \d+h(\d+)/g)].map((run) => Number(run[1]))).reduce((sum, run) => sum + run, 0));
    assert.equal(cells, step.set, step.title);
    const inside = await stage.locator(".life-ring path.life-ring-in").evaluate((path) =>
      [...path.getAttribute("d").matchAll(/M\d+ \d+h(\d+)/g)].map((run) => Number(run[1])).reduce((sum, run) => sum + run, 0));
    assert.equal(inside, step.newest - step.lowest + 1, step.title);
  }
  await close();
});

test("on the journey the map says where the laptop is and where the server sends to", async () => {
  const { page, stage, slider, data, close } = await life("roaming");
  await slider.focus();
  await page.keyboard.press("Home");
  for (const frame of data.roaming.film.frames) {
    const name = await stage.getByRole("img").first().getAttribute("aria-label");
    const where = frame.laptop.address === data.roaming.home ? "at home" : "on the train";
    assert.equal(name, `The laptop is ${where}. The server sends to ${frame.server.endpoint ?? "nobody yet"}.`);
    await page.keyboard.press("ArrowRight");
  }
  await close();
});

test("each packet is walked to its end in all networks, with the bytes that the story has", async () => {
  const { page, stage, data, close } = await life("point");
  for (const [index, step] of ["point", "mesh", "hub", "road"].entries()) {
    await page.evaluate((hash) => { location.hash = hash; }, `#life.${step}`);
    await page.waitForSelector(`#life [data-step="${step}"].current`);
    for (const walk of data.topologies[index].walks) {
      await stage.getByRole("button", { name: walk.title, exact: true }).click();
      const on = stage.getByRole("button", { name: "On", exact: true });
      for (const [number, hop] of walk.hops.entries()) {
        const told = (await stage.locator(".life-hop").innerText()).replace(/\s/g, "");
        assert.ok(told.includes(hop.words.replace(/\s/g, "")), hop.words);
        assert.ok(told.includes(hop.what === "wire" ? hop.bytes : hop.inner), `${walk.title}, ${number + 1}`);
        if (number + 1 < walk.hops.length) await on.click();
      }
      assert.ok(await on.isDisabled());
    }
    assert.deepEqual(await wrongValues(page), []);
  }
  await close();
});

test("every knock says what the stranger hears", async () => {
  const { page, stage, data, close } = await life("scanner", { viewport: { width: 360, height: 740 } });
  for (const knock of data.scanner.knocks) {
    await stage.getByRole("button", { name: knock.title, exact: true }).click();
    assert.match(await stage.getByRole("status").innerText(), knock.heard ? /He hears 1 datagram of 64 bytes/ : /He hears nothing/);
  }
  assert.deepEqual(await wrongValues(page), []);
  await close();
});

test("what is broken is said in one sentence, and shown in full", async () => {
  const { page, data, close } = await life("myths");
  const part = page.locator("#life [data-break]");
  for (const item of data.broken) {
    await part.getByRole("button", { name: item.button, exact: true }).click();
    assert.ok((await part.getByRole("status").innerText()).includes(item.verdict), item.name);
    assert.equal(await part.locator(".life-caption").count(), item.film.frames.length, item.name);
  }
  for (const item of data.misrouted) {
    await part.getByRole("button", { name: item.title, exact: true }).click();
    assert.ok((await part.getByRole("status").innerText()).includes(item.walks[0].hops.at(-1).words), item.name);
  }
  assert.deepEqual(await wrongValues(page), []);
  await close();
});
