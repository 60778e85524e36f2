// SPDX-License-Identifier: MIT
//
// What axe-core, which knows the rules for accessible pages, has to say of the acts, light and dark.

import assert from "node:assert/strict";
import { createRequire } from "node:module";
import { after, before, test } from "node:test";
import { actsOf, exportPage, folder, go, launch, visit } from "./harness.mjs";

const axe = createRequire(import.meta.url).resolve("axe-core/axe.min.js");
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

for (const colorScheme of ["light", "dark"]) {
  test(`axe finds nothing to complain of, ${colorScheme}`, async () => {
    const { page, close } = await visit(browser, address, { colorScheme, reducedMotion: "reduce", bypassCSP: true });
    await page.addScriptTag({ path: axe });
    for (const { name, steps } of await actsOf(page)) {
      for (const step of [steps[0], steps[Math.floor(steps.length / 2)], steps.at(-1)]) {
        await go(page, name, step);
        const found = await page.evaluate(() => axe.run(document, { resultTypes: ["violations"] }));
        const complaints = found.violations.map((one) =>
          `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map((node) => node.target.join(" ")).join("; ")}`);
        assert.deepEqual(complaints, [], `${name}.${step}`);
      }
    }
    await close();
  });
}
