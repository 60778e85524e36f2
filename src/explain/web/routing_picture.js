// SPDX-License-Identifier: MIT
//
// The trie as a drawing that is also a ruler: from left to right stand the bits of the address (IPv6: its
// hexadecimal digits), and a node stands where its prefix ends. So a walk reads the address from left to right:
// a 0 leads up, a 1 leads down, and what is drawn behind each other is what is compared.
//
// A trie with many nodes is drawn as far as the walk needs it; the rest is counted.

import { svg, picture, group, label, line, motionAllowed, verdictSign } from "./draw.js";
import { routingBytes, routingDigits } from "./routing_walk.js";

const ROUTING_COLUMNS = 32;
const ROUTING_MANY = 40;
const ROUTING_ROW = 34;
const ROUTING_DIGIT_PACE = 22; // milliseconds from one digit to the next

// ---- which nodes, in which rows ----

// How many prefixes with an owner are in the part below a node, itself included.
function routingOwnedBelow(trie, at) {
  if (at === null) return 0;
  const node = trie.nodes[at];
  const below = routingOwnedBelow(trie, node.children[0]) + routingOwnedBelow(trie, node.children[1]);
  return below + (node.peer === null ? 0 : 1);
}

// The nodes to draw in full: all, or those of the way and some at the top.
function routingChosen(trie, way) {
  if (trie.nodes.length <= ROUTING_MANY) return null;
  const chosen = new Set(way);
  const queue = [0];
  while (queue.length > 0 && chosen.size < ROUTING_MANY / 3) {
    const at = queue.shift();
    chosen.add(at);
    queue.push(...trie.nodes[at].children.filter((child) => child !== null));
  }
  for (let at of [...chosen]) while ((at = trie.nodes[at].parent) !== null) chosen.add(at);
  return chosen;
}

// Rows from top to bottom: {at, more}; more: that many prefixes are there, not drawn.
function routingRows(trie, way) {
  const chosen = routingChosen(trie, way);
  const rows = [];
  const visit = (at) => {
    if (at === null) return;
    if (chosen && !chosen.has(at)) {
      rows.push({ at, more: routingOwnedBelow(trie, at) });
      return;
    }
    visit(trie.nodes[at].children[0]);
    rows.push({ at, more: 0 });
    visit(trie.nodes[at].children[1]);
  };
  if (trie.nodes.length > 0) visit(0);
  return rows;
}

// ---- the drawing ----

// begin: where the drawing begins; without an address there is no ruler above it.
function routingPlan(trie, way, narrow, begin) {
  const width = narrow ? 340 : 720;
  const left = narrow ? 6 : 62;
  const column = (width - left - (narrow ? 8 : 14)) / ROUTING_COLUMNS;
  const top = begin + 44;
  const rows = routingRows(trie, way);
  const places = new Map();
  const x = (bits) => left + (bits * ROUTING_COLUMNS * column) / trie.bits;
  rows.forEach((row, index) => {
    places.set(row.at, { x: x(trie.nodes[row.at].length), y: top + index * ROUTING_ROW, more: row.more });
  });
  const height = top + Math.max(1, rows.length) * ROUTING_ROW + (narrow ? 4 : 10);
  return { width, height, left, column, top, rows, places, x, narrow, perColumn: trie.bits / ROUTING_COLUMNS, begin };
}

// The address as people write it, over the columns it stands for: octets, or groups of four digits.
function routingGroupLabels(plan, bytes) {
  const groups = bytes.length === 4 ? bytes : routingDigits(bytes, 128).join("").match(/.{4}/g).map((group) => group.replace(/^0{1,3}/, ""));
  const columns = ROUTING_COLUMNS / groups.length;
  return groups.map((words, index) =>
    label(plan.left + (index + 0.5) * columns * plan.column, 18, words, { "text-anchor": "middle", class: "label routing-octet" }),
  );
}

// A row of digits, each in its column; mark(column) is the class it gets. Those from column fresh on get it one
// after the other, as they are compared.
function routingDigitRow(plan, digits, y, mark, fresh) {
  return digits.map((digit, index) => {
    const compared = mark(index);
    const late = compared !== "" && index >= fresh && motionAllowed();
    return label(plan.left + (index + 0.5) * plan.column, y, digit, {
      "text-anchor": "middle",
      class: `label routing-digit ${compared}${late ? " late" : ""}`,
      style: late && { "animation-delay": `${(index - fresh) * ROUTING_DIGIT_PACE}ms` },
    });
  });
}

// before: how many bits the node above has, which are not compared anew.
function routingRuler(plan, trie, bytes, step, before) {
  const node = step && trie.nodes[step.node];
  const compared = node ? Math.ceil(node.length / plan.perColumn) : 0;
  const good = step ? Math.floor(step.equal / plan.perColumn) : 0;
  const fresh = Math.floor(before / plan.perColumn);
  const mark = (index) => {
    if (!step || index >= compared) return "";
    if (step.contains || index < good) return "good";
    return index === good ? "bad" : "soft";
  };
  const parts = [routingGroupLabels(plan, bytes), routingDigitRow(plan, routingDigits(bytes, trie.bits), 44, mark, fresh)];
  if (!plan.narrow) parts.push(label(0, 44, "address", { class: "label small soft" }));
  if (node) {
    const digits = routingDigits(routingBytes(node.bytes), node.length);
    if (!plan.narrow) parts.push(label(0, 66, "prefix", { class: "label small soft" }));
    parts.push(routingDigitRow(plan, digits, 66, mark, fresh));
    const end = plan.x(node.length);
    parts.push(line(plan.x(0), 73, Math.max(end, plan.x(0) + 0.1), 73, { class: `line strong ${step.contains ? "good" : "bad"}` }));
  }
  return group({}, parts);
}

// Where octets, or pairs of groups, begin.
function routingGrid(plan, trie) {
  const marks = trie.bits === 32 ? [0, 8, 16, 24, 32] : [0, 32, 64, 96, 128];
  return marks.map((bits) => [
    line(plan.x(bits), plan.begin + 4, plan.x(bits), plan.height - 6, { class: "line thin routing-mark" }),
    label(plan.x(bits), plan.begin + 14, `/${bits}`, {
      class: "label routing-scale soft",
      "text-anchor": bits === 0 ? "start" : bits === trie.bits ? "end" : "middle",
    }),
  ]);
}

// The line to a node from the one above it, with the bit that chooses it.
function routingEdge(plan, trie, at, lit) {
  const { x, y } = plan.places.get(at);
  const parent = trie.nodes[at].parent;
  if (parent === null) return svg("path", { d: `M${plan.x(0)} ${y}H${x}`, class: `line ${lit}` });
  const from = plan.places.get(parent);
  const bit = trie.nodes[parent].children[1] === at ? 1 : 0;
  const bend = bit ? -7 : 7;
  return group(
    { class: lit },
    svg("path", { d: `M${from.x} ${from.y}V${y + bend}Q${from.x} ${y} ${from.x + Math.min(7, x - from.x)} ${y}H${x}`, class: `line ${lit}` }),
    label(from.x - 5, y + (bit ? 2 : 8), bit, { "text-anchor": "end", class: `label routing-bit ${lit || "soft"}` }),
  );
}

function routingNodeLabel(plan, node, place, state, path) {
  const name = node.peer;
  const length = node.prefix.length * 7.4 + (name === null ? 0 : name.length * 7.4 + 14);
  const beside = place.x + 14 + length <= plan.width;
  const words = [svg("tspan", { class: "routing-prefix", "data-value": `${path}.prefix` }, node.prefix)];
  if (name !== null) words.push(svg("tspan", { dx: 8, class: "routing-owner", "data-value": `${path}.peer` }, name));
  const attributes = beside
    ? { x: place.x + 13, y: place.y + 4.5 }
    : { x: Math.max(length, Math.min(place.x + 6, plan.width)), y: place.y - 10, "text-anchor": "end" };
  return svg("text", { ...attributes, class: `label routing-label ${state}` }, words);
}

function routingNode(plan, trie, at, state, path) {
  const node = trie.nodes[at];
  const place = plan.places.get(at);
  if (place.more > 0) {
    return label(Math.min(place.x + 8, plan.width - 70), place.y + 4.5, `and ${place.more} more`, { class: "label small soft" });
  }
  return group(
    { class: `routing-node ${state} ${node.peer === null ? "fork" : "owned"}` },
    state.includes("winner") && svg("circle", { cx: place.x, cy: place.y, r: 11, class: "outline ring" }),
    svg("circle", { cx: place.x, cy: place.y, r: node.peer === null ? 4.5 : 6.5, class: "outline dot" }),
    routingNodeLabel(plan, node, place, state, `${path}.nodes.${at}`),
  );
}

// The walk stops at a node that matches, because nothing hangs where the next bit leads.
function routingEnd(plan, step) {
  const { x, y } = plan.places.get(step.node);
  const direction = step.next ? 1 : -1;
  return group(
    { class: "bad" },
    line(x, y + direction * 8, x, y + direction * 15, { class: "line bad" }),
    line(x - 4, y + direction * 15, x + 4, y + direction * 15, { class: "line bad" }),
  );
}

// The whole: trie, the address looked up in it (null: none), its walk, how many of its steps are shown (the last
// of them is the one being compared), whether the walk is over, and the trie's path in the story.
export function routingPicture({ trie, bytes, walk, shown, over, path }, narrow) {
  const steps = bytes ? walk.steps.slice(0, shown) : [];
  const way = steps.map((step) => step.node);
  const plan = routingPlan(trie, bytes ? walk.steps.map((step) => step.node) : [], narrow, bytes ? 74 : 0);
  const current = steps.at(-1);
  const state = (at) => {
    const step = steps.find((one) => one.node === at);
    if (over && walk.winner === at) return "good winner";
    if (!step) return bytes && over ? "aside" : "";
    return step.contains ? "good" : "bad";
  };
  const lit = (at) => (way.includes(at) ? (steps.find((one) => one.node === at).contains ? "good" : "bad") : "");
  const drawn = plan.rows.filter((row) => row.at !== undefined);
  return picture(
    plan.width,
    plan.height,
    "",
    routingGrid(plan, trie),
    bytes && routingRuler(plan, trie, bytes, current, steps.length > 1 ? trie.nodes[steps.at(-2).node].length : 0),
    drawn.filter((row) => !way.includes(row.at)).map((row) => routingEdge(plan, trie, row.at, "")),
    drawn.filter((row) => way.includes(row.at)).map((row) => routingEdge(plan, trie, row.at, lit(row.at))),
    over && current?.contains && current.below === null && routingEnd(plan, current),
    drawn.map((row) => routingNode(plan, trie, row.at, state(row.at), path)),
    over && current && !current.contains && verdictSign(plan.places.get(current.node).x, plan.places.get(current.node).y, false),
  );
}
