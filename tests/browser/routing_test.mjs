// SPDX-License-Identifier: MIT
//
// Act 2 as its readers use it: any address typed or picked, node by node; the filter's table; a stolen prefix; and
// a table of the reader's own, small and large.

import assert from "node:assert/strict";
import { writeFileSync } from "node:fs";
import path from "node:path";
import { after, before, test } from "node:test";
import { explain, exportPage, folder, launch, overflow, visit, wrongValues } from "./harness.mjs";

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

// The act at a step, without waiting for motion unless told.
async function open(step, from = address, options = { reducedMotion: "reduce" }) {
  const { page, close } = await visit(browser, `${from}#routing.${step}`, options);
  const act = page.locator("#routing");
  return { page, act, close, verdict: act.locator(".routing-verdict"), field: act.locator("#routing-address"),
    steps: act.locator(".routing-tree .routing-walk li") };
}

// A configuration file of [name, allowed IPs, endpoint] each.
function configuration(name, peers) {
  const key = (number) => {
    const bytes = Buffer.alloc(32, 1);
    bytes.writeUInt16LE(number, 0);
    return bytes.toString("base64");
  };
  const sections = peers.map(([called, allowed, endpoint], index) => `[Peer]\n${called ? `# Name = ${called}\n` : ""}` +
    `PublicKey = ${key(index)}\nAllowedIPs = ${allowed}\n${endpoint ? `Endpoint = ${endpoint}\n` : ""}`);
  const file = path.join(place.name, name);
  writeFileSync(file, `[Interface]\nPrivateKey = ${key(9999)}\n${sections.join("")}`);
  return file;
}

test("what vole says of an address in the terminal, the page says of it", async () => {
  const { act, page, close, verdict, field, steps } = await open("tree");
  for (const to of ["10.0.0.2", "192.168.20.77", "192.168.20.65", "10.8.255.255", "8.8.8.8", "10.0.0.9", "fd00::3", "2001:db8:20:ffff::", "fe80::1", "::"]) {
    await field.fill(to);
    let terminal;
    try {
      terminal = explain("--to", to);
    } catch (problem) {
      assert.equal(problem.status, 2);
      terminal = problem.stdout;
    }
    const winner = /^The longest match is (\S+): (.*)\.$/m.exec(terminal);
    assert.equal(await verdict.locator(".verdict").innerText(), winner ? `To ${winner[2]}` : "No route: dropped", to);
    const compared = terminal.split("\n").filter((line) => /\/[0-9]+ +(matches|bit [0-9]+ differs)/.test(line)).length;
    assert.equal(await steps.count(), compared, to);
    assert.deepEqual(await wrongValues(page), [], to);
    if (winner) assert.equal(await act.locator(".routing-node.winner .routing-prefix").textContent(), winner[1]);
    else assert.equal(await act.locator(".routing-node.winner").count(), 0);
  }
  await close();
});

test("what is no address is said to be none, and nothing stays of the one before", async () => {
  const { act, close, field, steps, verdict } = await open("nested");
  assert.equal(await steps.count(), 4);
  await field.fill("192.168.20.777");
  assert.match(await act.locator(".routing-hint").innerText(), /no address/);
  assert.equal(await steps.count(), 0);
  assert.equal(await verdict.isVisible(), false);
  assert.equal(await act.locator(".routing-node.winner").count(), 0);
  await close();
});

test("a walk can be taken back and on, node by node, and only its end has a verdict", async () => {
  const { act, close, steps, verdict } = await open("nested");
  const button = (name) => act.getByRole("button", { name });
  assert.equal(await steps.count(), 4);
  assert.match(await verdict.innerText(), /^To printer/);
  await button("One node back").click();
  await button("One node back").click();
  assert.equal(await steps.count(), 2);
  assert.match(await act.locator(".routing-tree .routing-walk .current").innerText(), /192\.168\.20\.0\/24/);
  assert.equal(await verdict.innerText(), "The best so far: office");
  assert.equal(await act.locator(".routing-node.winner").count(), 0);
  await button("One node on").click();
  await button("One node on").click();
  assert.match(await verdict.innerText(), /^To printer/);
  assert.equal(await button("One node on").isDisabled(), true);
  await close();
});

test("a walk moves by itself, a node at a time", async () => {
  const { page, act, close, verdict } = await open("table", address, {});
  await page.evaluate(() => {
    window.counts = [];
    const list = document.querySelector("#routing .routing-tree .routing-walk");
    new MutationObserver(() => window.counts.push(list.children.length)).observe(list, { childList: true });
    location.hash = "#routing.nested";
  });
  await act.locator(".routing-verdict", { hasText: "To printer" }).waitFor();
  const counts = (await page.evaluate(() => window.counts)).join(" ");
  assert.match(counts, /1 2 3 4$/);
  assert.match(await verdict.innerText(), /^To printer/);
  await close();
});

test("each cell of the filter's table shows its own run", async () => {
  const { page, act, close, verdict } = await open("inbound");
  const { senders } = JSON.parse(explain("--json")).routing.example.inbound;
  for (const { name, claims } of senders) {
    for (const { source, delivered, reason } of claims) {
      await act.locator(`.routing-matrix button[data-sender="${name}"][data-source="${source}"]`).click();
      const said = await verdict.innerText();
      assert.match(said, delivered ? /^Delivered/ : new RegExp(`^Dropped.*${name} sent it.*${reason}`), `${name} as ${source}`);
      assert.equal(await act.locator('.routing-matrix button[aria-pressed="true"]').count(), 1);
    }
    assert.deepEqual(await wrongValues(page), [], name);
  }
  await act.getByLabel("A packet from").selectOption("lab");
  await act.locator("#routing-address").fill("192.168.20.99");
  assert.match(await verdict.innerText(), /^Delivered/);
  await act.locator("#routing-address").fill("192.168.20.9");
  assert.match(await verdict.innerText(), /^Dropped It is office's\. But lab sent it\./);
  await close();
});

test("a table of one's own is walked, with names, and with what was stolen", async () => {
  const file = configuration("own.conf", [["alice", "10.0.0.2/32, 10.1.0.0/16", "192.0.2.1:1"], ["", "10.0.0.2/32", "192.0.2.2:2"], ["bob", "fd00::/64"]]);
  const { page, act, close, verdict, field } = await open("own", exportPage(place.name, file));
  assert.match(await act.locator(".step.current").innerText(), /alice was given 10\.0\.0\.2\/32, too, and lost it to peer 2/);
  assert.deepEqual(await wrongValues(page), []);
  await field.fill("10.1.2.3");
  assert.match(await verdict.innerText(), /^To alice/);
  await field.fill("10.0.0.2");
  assert.match(await verdict.innerText(), /^To peer 2/);
  await field.fill("fd00::1");
  assert.match(await verdict.innerText(), /^To bob, but dropped no_endpoint/);
  await act.getByRole("button", { name: "built-in example" }).click();
  await field.fill("10.1.2.3");
  assert.match(await verdict.innerText(), /^To gateway/);
  assert.deepEqual(await wrongValues(page), []);
  await close();
});

test("of a large table the way is drawn, and the rest is counted", async () => {
  const peers = Array.from({ length: 600 }, (_, index) => ["", `10.${index >> 5}.${(index & 31) * 8}.0/24, fd00:${index.toString(16)}::/32`, "192.0.2.1:1"]);
  const own = exportPage(place.name, configuration("large.conf", peers));
  for (const viewport of [{ width: 1200, height: 900 }, { width: 360, height: 740 }]) {
    const { page, act, close, verdict, field } = await open("own", own, { reducedMotion: "reduce", viewport });
    await field.fill("10.18.184.9");
    assert.match(await verdict.innerText(), /^To peer 600/);
    assert.equal(await act.locator(".routing-node.winner .routing-prefix").textContent(), "10.18.184.0/24");
    const drawn = await act.locator(".routing-node.owned").count();
    assert.ok(drawn < 60, `${drawn} drawn`);
    const counted = await act.locator(".routing-canvas").getByText(/^and [0-9]+ more$/).allTextContents();
    assert.equal(drawn + counted.reduce((sum, words) => sum + Number(/[0-9]+/.exec(words)[0]), 0), 600);
    assert.deepEqual(await wrongValues(page), []);
    assert.deepEqual(await overflow(page), []);
    await close();
  }
});
