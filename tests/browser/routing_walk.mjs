// SPDX-License-Identifier: MIT
//
// The page's walk through a table of allowed IPs is that of the C code: for ten thousand random addresses in
// twenty random tables, node by node. Needs no browser.
//
//   node routing_walk.mjs PROGRAM ROUTING_WALK_JS    PROGRAM: routing_answers of the build

import assert from "node:assert/strict";
import { execFileSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { test } from "node:test";

const [program, module] = process.argv.slice(2);
const { routingBytes, routingDigits, routingParse, routingWalk } =
  await import(`data:text/javascript,${encodeURIComponent(readFileSync(module, "utf8"))}`);
const TABLES = 20;

const tables = JSON.parse(execFileSync(program, [String(TABLES)], { encoding: "utf8", maxBuffer: 1 << 28 }));

function each(check) {
  let count = 0;
  for (const table of tables) {
    for (const walk of table.walks) {
      check(walk, walk.family === 4 ? table.v4 : table.v6);
      count++;
    }
  }
  return count;
}

test("ten thousand addresses are walked as the C code walks them, node by node", () => {
  let found = 0;
  const count = each((walk, trie) => {
    const own = routingWalk(trie, routingBytes(walk.bytes));
    const steps = own.steps.map(({ node, contains, equal }) => ({ node, contains, equal }));
    assert.deepEqual(steps, walk.steps.map(({ node, contains, equal }) => ({ node, contains, equal })), walk.destination);
    assert.equal(own.winner === null ? null : trie.nodes[own.winner].peer, walk.winner, walk.destination);
    assert.equal(own.winner === null ? null : trie.nodes[own.winner].prefix, walk.prefix, walk.destination);
    own.steps.forEach((step, index) => {
      const other = walk.steps[index];
      assert.equal(step.next === undefined ? undefined : String(step.next), other.next);
      assert.equal(step.next === undefined ? undefined : step.below, other.below);
    });
    found += own.winner !== null;
  });
  assert.equal(count, 10000);
  assert.ok(found > 1000 && found < 9900, `${found} found somebody`);
});

test("addresses are read as they are written, and their digits are the C code's", () => {
  each((walk) => {
    const address = routingParse(walk.destination);
    assert.deepEqual(address, { family: walk.family, bytes: routingBytes(walk.bytes) }, walk.destination);
    const bits = walk.family === 4 ? 32 : 128;
    assert.equal(routingDigits(address.bytes, bits).join(""), walk.digits.replace(/[.:]/g, ""));
  });
});

test("what is no address is none", () => {
  const wrong = ["", "10.0.0", "10.0.0.0.1", "10.0.0.256", "10.0.0.01", "10.0.0.-1", "10.0.0.1/32", "a.b.c.d", "1e1.0.0.1", ":", ":::", "1::2::3",
    "1:2:3:4:5:6:7", "1:2:3:4:5:6:7:8:9", "1:2:3:4::5:6:7:8", "g::", "12345::", "::1.2.3", "::1.2.3.4.5", "1.2.3.4::", "fe80::1%eth0", "1:2:3:4:5:6:7:1.2.3.4"];
  for (const text of wrong) assert.equal(routingParse(text), null, text);
  assert.deepEqual(routingParse(" ::1.2.3.4 ").bytes.slice(12), [1, 2, 3, 4]);
  assert.deepEqual(routingParse("1:2:3:4:5:6:1.2.3.4").bytes.slice(10), [0, 6, 1, 2, 3, 4]);
  assert.deepEqual(routingParse("FD00::A").bytes.slice(0, 1), [0xfd]);
});
