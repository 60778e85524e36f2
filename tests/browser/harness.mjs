// SPDX-License-Identifier: MIT
//
// A browser, and vole explain behind it.
//
//   VOLE       the program (default: build/vole of this tree)
//   CHROMIUM   the browser (default: /usr/bin/chromium)
//
// Whatever a page asks for that is not the page itself, and whatever its script complains of, is a failure of
// the test that opened it: visit.close() says so.

import assert from "node:assert/strict";
import { execFileSync, spawn } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { chromium } from "playwright-core";

export const TREE = path.resolve(path.dirname(fileURLToPath(import.meta.url)), "../..");
export const VOLE = process.env.VOLE ?? path.join(TREE, "build/vole");

const FLAGS = ["--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
  "--disable-component-update", "--disable-sync"];

// What `vole explain` prints with these words.
export function explain(...words) {
  return execFileSync(VOLE, ["explain", ...words], { encoding: "utf8", maxBuffer: 1 << 28 });
}

// A folder for a test's files, removed by the function it comes with.
export function folder() {
  const name = mkdtempSync(path.join(tmpdir(), "vole-browser-"));
  return { name, remove: () => rmSync(name, { recursive: true, force: true }) };
}

// The page in a file.
export function exportPage(directory, ...words) {
  const file = path.join(directory, "page.html");
  explain("--export", file, ...words);
  return `file://${file}`;
}

// `vole explain` serving; its address.
export async function serve(...words) {
  const child = spawn(VOLE, ["explain", ...words], { stdio: ["ignore", "pipe", "pipe"] });
  const ended = new Promise((resolve) => child.once("exit", (status, signal) => resolve({ status, signal })));
  let said = "";
  const address = await new Promise((resolve, reject) => {
    child.stdout.on("data", (piece) => {
      said += piece;
      if (said.includes("\n")) resolve(said.split("\n")[0]);
    });
    ended.then(() => reject(new Error("vole explain ended before it served")));
  });
  return { address, child, ended, async end(signal = "SIGTERM") {
    child.kill(signal);
    return ended;
  } };
}

export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? "/usr/bin/chromium",
    chromiumSandbox: process.getuid() !== 0,
    args: FLAGS,
  });
}

// Opens an address in a window of its own; options are playwright's of a context.
export async function visit(browser, address, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1200, height: 900 }, ...options });
  const page = await context.newPage();
  const complaints = [];
  page.on("console", (message) => {
    if (["error", "warning"].includes(message.type())) complaints.push(`console: ${message.text()}`);
  });
  page.on("pageerror", (problem) => complaints.push(`script: ${problem.stack ?? problem}`));
  page.on("request", (request) => {
    const asked = request.url();
    const own = asked.split("#")[0].split("?")[0] === address.split("#")[0].split("?")[0];
    if (!own && !asked.startsWith("data:") && !asked.startsWith("blob:")) complaints.push(`asked for ${asked}`);
  });
  await page.goto(address);
  return { page, context, complaints, async close() {
    await context.close();
    assert.deepEqual(complaints, [], "the page complained, or asked for something");
  } };
}

// The acts with their steps, from the page: [{name, steps: [name...]}].
export function actsOf(page) {
  return page.$$eval("[data-act]", (acts) => acts.map((act) => ({
    name: act.dataset.act,
    steps: [...act.querySelectorAll("[data-steps] > [data-step]")].map((step) => step.dataset.step),
  })).filter((act) => act.steps.length > 0));
}

// Everything on the page that says which value of the story it shows and shows another, as sentences.
export function wrongValues(page) {
  return page.evaluate(() => {
    const story = JSON.parse(document.getElementById("story").textContent);
    const wrong = [];
    for (const element of document.querySelectorAll("[data-value]")) {
      let value = element.dataset.value.split(".").reduce((inner, name) => inner?.[name], story);
      const slice = element.dataset.slice?.split(" ").map(Number); // of bytes
      if (slice) value = value?.slice(2 * slice[0], 2 * slice[1]);
      const shown = (element.dataset.shown ?? element.textContent).replace(/\s/g, "");
      if (value === undefined || String(value).replace(/\s/g, "") !== shown)
        wrong.push(`${element.dataset.value}: shown ${shown.slice(0, 80)}, is ${String(value).slice(0, 80)}`);
    }
    return wrong;
  });
}

// How far the page is wider than its window, and by what.
export function overflow(page) {
  return page.evaluate(() => {
    const room = document.documentElement.clientWidth;
    if (document.documentElement.scrollWidth <= room) return [];
    return [...document.querySelectorAll("body *")].filter((element) => {
      const box = element.getBoundingClientRect();
      return box.width > 0 && box.right > room + 1;
    }).slice(0, 5).map((element) => `${element.tagName.toLowerCase()}.${element.getAttribute("class") ?? ""}` +
      ` reaches ${Math.round(element.getBoundingClientRect().right)} of ${room}`);
  });
}

// Goes to a step by its link, as a reader would, and waits until it is shown.
export async function go(page, act, step) {
  await page.evaluate((hash) => { location.hash = hash; }, `#${act}.${step}`);
  await page.waitForFunction(([name, wanted]) => {
    const shown = document.querySelector(`[data-act="${name}"] [data-step].current`);
    return shown?.dataset.step === wanted;
  }, [act, step]);
}
