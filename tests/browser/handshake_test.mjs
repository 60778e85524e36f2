// SPDX-License-Identifier: MIT
//
// Act 1, broken: every byte of both messages, with mac1 as it is and made right again, shows what the program
// computed for it, and the story says of it what the protocol says.

import assert from "node:assert/strict";
import { after, before, test } from "node:test";
import { explain, exportPage, folder, launch, visit } from "./harness.mjs";

let browser, place, address, story;

before(async () => {
  browser = await launch();
  place = folder();
  address = exportPage(place.name);
  story = JSON.parse(explain("--json"));
});

after(async () => {
  await browser?.close();
  place?.remove();
});

// Picks every byte in turn and says what the page showed of each; in the page, as it is 480 times.
function pickAll(page) {
  return page.evaluate(() => {
    const part = document.querySelector("[data-act=handshake] [data-break]");
    const press = (words) => [...part.querySelectorAll("button")].find((button) => button.textContent === words).click();
    const shown = (path, name) => part.querySelector(`.hs-result [data-value="${path}.${name}"]`);
    const seen = [];
    for (const [message, words] of [["initiation", "The initiation"], ["response", "The response"]]) {
      press(words);
      for (const [how, mac1] of [["as_is", "mac1 as it is"], ["repaired", "mac1 made right again"]]) {
        press(mac1);
        const count = part.querySelectorAll("[data-offset]").length;
        for (let byte = 0; byte < count; byte++) {
          part.querySelector(`[data-offset="${byte}"]`).click();
          const marked = part.querySelector(".byte.marked");
          const path = `handshake.broken.flips.${message}.${byte}.${how}`;
          const values = {};
          for (const name of ["reason", "computed", "received", "answers"]) values[name] = shown(path, name)?.textContent.replace(/\s/g, "") ?? null;
          seen.push({ message, how, byte, marked: Number(marked.dataset.offset), values });
        }
      }
    }
    return seen;
  });
}

test("every byte of both messages shows what became of it", async () => {
  const { page, close } = await visit(browser, `${address}#handshake.s`, { reducedMotion: "reduce" });
  const seen = await pickAll(page);
  assert.equal(seen.length, 2 * (148 + 92));
  for (const { message, how, byte, marked, values } of seen) {
    const result = story.handshake.broken.flips[message][byte][how];
    assert.equal(marked, byte);
    for (const [name, value] of Object.entries(values)) {
      const expected = result[name] === null ? null : String(result[name]);
      assert.equal(value, expected, `${message}, byte ${byte}, ${how}: ${name}`);
    }
  }
  await close();
});

test("the check that fails shows both values that it compared, and they differ", () => {
  const compares = ["malformed", "wrong_mac1", "initiation_unreadable", "initiation_forged", "response_unexpected", "response_unreadable"];
  const reasons = new Set();
  for (const message of ["initiation", "response"]) {
    for (const { byte, as_is: asIs, repaired } of story.handshake.broken.flips[message]) {
      for (const result of [asIs, repaired]) {
        if (result.outcome !== "dropped") continue;
        reasons.add(result.reason);
        assert.ok(result.computed && result.received, `${message}, byte ${byte}: ${result.reason} without values`);
        assert.notEqual(result.computed, result.received, `${message}, byte ${byte}`);
        assert.equal(result.answers, 0, `${message}, byte ${byte}: dropped, but answered`);
      }
    }
  }
  assert.deepEqual([...reasons].sort(), compares.sort());
});
