// SPDX-License-Identifier: MIT
//
// Act 2: the table of allowed IPs. The stage holds the list, the trie with a walk in it, and the filter's table
// of senders and sources. A walk is shown node by node; what it found comes from C where C sent the very packet,
// and else from walking the nodes that C exported (routing_walk.js).
//
// The state of the stage is one object, `routingView`: the table (a path in the story), the direction, the address, the
// sender, and how many nodes of the walk are shown. Everything that is drawn follows from it.

import { registerAct, story } from "./frame.js";
import { clear, drawing, html, motionAllowed } from "./draw.js";
import { storyValue, valueElement } from "./bytes.js";
import { routingBytes, routingParse, routingWalk } from "./routing_walk.js";
import { routingPicture } from "./routing_picture.js";
import { routingBreakIt } from "./routing_break.js";

const ROUTING_EXAMPLE = "routing.example";
const ROUTING_OWN = "routing.own";
const ROUTING_PACE = 850; // milliseconds for a node

// What each step shows: the panels, and what is looked up.
const ROUTING_SCENES = {
  table: { panels: ["peers"] },
  tree: { panels: ["tree"], address: "" },
  nested: { panels: ["tree"], walk: "nested" },
  default: { panels: ["tree"], walk: "near" },
  ipv6: { panels: ["tree"], walk: "nested_v6" },
  missing: { panels: ["tree"], walk: "missing" },
  inbound: { panels: ["matrix", "tree"], sender: "laptop", claim: "foreign" },
  stolen: { panels: ["peers", "tree"], walk: "stolen" },
  own: { panels: ["own", "tree"], own: true },
};

const routingView = {
  act: null,
  table: ROUTING_EXAMPLE,
  inbound: false,
  address: "",
  sender: "",
  shown: 0,
  walk: null,
  asked: null, // {family, bytes} of the address, null: none
  trie: null,
  triePath: "",
  timer: undefined,
  parts: {},
};

const routingTable = () => storyValue(story, routingView.table);

// ---- what is known about an address ----

// The run of C for this very question, as {path, value}, or null.
function routingRun() {
  const table = routingTable();
  if (routingView.inbound) {
    const senders = table.inbound.senders;
    const sender = senders.findIndex((one) => one.name === routingView.sender);
    const at = sender < 0 ? -1 : senders[sender].claims.findIndex((one) => routingSame(one.source));
    return at < 0 ? null : { path: `${routingView.table}.inbound.senders.${sender}.claims.${at}`, value: senders[sender].claims[at] };
  }
  const at = table.walks.findIndex((one) => routingSame(one.destination));
  return at < 0 ? null : { path: `${routingView.table}.walks.${at}`, value: table.walks[at] };
}

function routingSame(text) {
  const other = routingParse(text);
  return other.family === routingView.asked.family && other.bytes.every((byte, index) => byte === routingView.asked.bytes[index]);
}

// ---- the walk in words ----

const routingAt = (node) => `${routingView.triePath}.nodes.${node}`;

function routingSentence(step) {
  const node = routingView.trie.nodes[step.node];
  const prefix = valueElement(story, `${routingAt(step.node)}.prefix`);
  if (!step.contains) return [prefix, ` differs at bit ${step.equal + 1}: nothing below it can match.`];
  const words = [prefix, node.length === 0 ? " matches everything. " : ` matches: ${node.length} bits. `];
  if (node.peer === null) words.push("Nobody's, only a fork. ");
  else words.push(html("b", { "data-value": `${routingAt(step.node)}.peer` }, node.peer), " is the best so far. ");
  if (step.next === undefined) words.push("No bits are left.");
  else if (step.below === null) words.push(`Bit ${node.length + 1} is ${step.next}: nothing hangs there.`);
  else words.push(`Bit ${node.length + 1} is ${step.next}: ${step.next ? "down" : "up"}.`);
  return words;
}

// Who the walk found, as an element, or null.
function routingWinner() {
  const { winner } = routingView.walk;
  if (winner === null) return null;
  return html("strong", { "data-value": `${routingAt(winner)}.peer` }, routingView.trie.nodes[winner].peer);
}

function routingReason(path) {
  return [valueElement(story, `${path}.reason`), ": ", html("span", { "data-value": `${path}.text` }, storyValue(story, `${path}.text`)), "."];
}

function routingOutwards(run) {
  const winner = routingWinner();
  const dropped = run ? run.value.outcome === "dropped" : winner === null;
  if (!dropped) {
    const where = run?.value.to ? [", and sent to ", valueElement(story, `${run.path}.to`)] : [];
    return { good: true, title: ["To ", winner], words: ["Encrypted for ", winner.cloneNode(true), " and nobody else", where, "."] };
  }
  const path = run?.path ?? "routing.telling.missing";
  const words = routingReason(path);
  if (!run) words.push(" The sender is told by ICMP.");
  else if (run.value.icmp) {
    const icmp = `${path}.icmp`;
    words.push(" The sender is told: ", valueElement(story, `${icmp}.protocol`), " type ", valueElement(story, `${icmp}.type`), " code ",
      valueElement(story, `${icmp}.code`), ", ", html("span", { "data-value": `${icmp}.says` }, run.value.icmp.says), ".");
  }
  return { good: false, title: [winner ? ["To ", winner, ", but dropped"] : "No route: dropped"], words };
}

function routingInwards(run) {
  const winner = routingWinner();
  const delivered = winner?.textContent === routingView.sender;
  const owner = winner ? ["It is ", winner, "'s. "] : ["It is nobody's. "];
  if (delivered) return { good: true, title: ["Delivered"], words: [...owner, "That is who sent it."] };
  const path = run?.path ?? "routing.broken.foreign_source.foreign";
  return { good: false, title: ["Dropped"], words: [...owner, `But ${routingView.sender} sent it. `, ...routingReason(path), " The sender hears nothing."] };
}

// ---- drawing ----

function routingDrawWalk() {
  const { words, verdict } = routingView.parts;
  clear(words);
  clear(verdict);
  if (!routingView.asked) {
    routingView.parts.hint.textContent =
      routingView.address === "" ? "Pick an address, or type one." : "That is no address. Write one as 10.0.0.5 or fd00::5.";
    return;
  }
  routingView.parts.hint.textContent = routingView.trie.nodes.length === 0 ? `No peer has any IPv${routingView.asked.family} prefix.` : "";
  routingView.walk.steps.slice(0, routingView.shown).forEach((step, index) => {
    words.append(html("li", index + 1 === routingView.shown ? { class: "current" } : {}, routingSentence(step)));
  });
  if (routingView.shown < routingView.walk.steps.length) {
    const owner = routingView.walk.steps.slice(0, routingView.shown).findLast((step) => step.contains && routingView.trie.nodes[step.node].peer !== null);
    if (owner) verdict.append(html("span", { "aria-hidden": "true" }, "The best so far: ", html("b", { "data-value": `${routingAt(owner.node)}.peer` }, routingView.trie.nodes[owner.node].peer)));
    return;
  }
  const run = routingRun();
  const { good, title, words: explanation } = routingView.inbound ? routingInwards(run) : routingOutwards(run);
  verdict.append(html("span", { class: `verdict ${good ? "good" : "bad"}` }, title), " ", html("span", {}, explanation));
}

function routingDraw() {
  const { picture, back, on, again } = routingView.parts;
  picture();
  routingDrawWalk();
  const steps = routingView.asked ? routingView.walk.steps.length : 0;
  routingView.parts.verdict.hidden = routingView.parts.moves.hidden = !routingView.asked;
  back.disabled = again.disabled = routingView.shown <= 1;
  on.disabled = routingView.shown >= steps;
  routingMarkChoices();
}

function routingPlay() {
  clearTimeout(routingView.timer);
  if (!routingView.asked || routingView.shown >= routingView.walk.steps.length) return;
  routingView.timer = setTimeout(() => {
    routingView.shown++;
    routingDraw();
    routingPlay();
  }, ROUTING_PACE);
}

// Looks routingView.address up in routingView.table; begins to show the walk, or shows all of it.
function routingAsk(moving) {
  clearTimeout(routingView.timer);
  routingView.asked = routingParse(routingView.address);
  const family = routingView.asked ? routingView.asked.family : routingView.trie?.family ?? 4;
  routingView.triePath = `${routingView.table}.${family === 4 ? "v4" : "v6"}`;
  routingView.trie = storyValue(story, routingView.triePath);
  routingView.walk = routingView.asked && routingWalk(routingView.trie, routingView.asked.bytes);
  routingView.shown = !routingView.asked ? 0 : moving && motionAllowed() ? Math.min(1, routingView.walk.steps.length) : routingView.walk.steps.length;
  routingDraw();
  routingPlay();
}

// ---- what can be chosen ----

// Under the form: addresses that are worth it.
function routingFillPicks() {
  const table = routingTable();
  const list = routingView.inbound ? table.inbound.sources : table.walks.map((walk) => ({ address: walk.destination, why: walk.why }));
  clear(routingView.parts.picks).append(
    ...list.map(({ address, why }) =>
      html("button", { type: "button", class: "routing-pick", title: why, "data-address": address, onclick: () => routingChoose(address) }, address),
    ),
  );
}

function routingFillSenders() {
  const { sender } = routingView.parts;
  const names = routingTable().peers.map((peer) => peer.name);
  clear(sender).append(...names.map((name) => html("option", { value: name }, name)));
  if (!names.includes(routingView.sender)) routingView.sender = names[0] ?? "";
  sender.value = routingView.sender;
}

function routingMarkChoices() {
  for (const pick of routingView.parts.picks.children) {
    pick.setAttribute("aria-pressed", String(routingView.asked !== null && routingSame(pick.dataset.address)));
  }
  for (const cell of routingView.act.stage.querySelectorAll(".routing-matrix button")) {
    cell.setAttribute("aria-pressed", String(routingView.inbound && cell.dataset.sender === routingView.sender && cell.dataset.source === routingView.address));
  }
}

function routingChoose(address) {
  routingView.address = address;
  routingView.parts.input.value = address;
  routingAsk(true);
}

// Turns the stage to a table and a direction; the address stays to be chosen.
function routingTurn(table, inbound) {
  const { outwards, inwards, tables, senderLabel, question } = routingView.parts;
  routingView.table = table;
  routingView.inbound = inbound;
  outwards.setAttribute("aria-pressed", String(!inbound));
  inwards.setAttribute("aria-pressed", String(inbound));
  for (const button of tables.children) button.setAttribute("aria-pressed", String(button.dataset.table === table));
  senderLabel.hidden = !inbound;
  question.textContent = inbound ? "says it is from" : "A packet to";
  routingFillPicks();
  routingFillSenders();
}

function routingChooseTable(table) {
  routingTurn(table, routingView.inbound);
  const walks = routingTable().walks;
  routingChoose(walks.some((walk) => walk.destination === routingView.address) ? routingView.address : walks[0].destination);
}

// ---- building the stage ----

function routingButton(words, onclick, attributes) {
  return html("button", { type: "button", onclick, ...attributes }, words);
}

function routingTables() {
  const tables = [[ROUTING_EXAMPLE, "built-in example"]];
  if (story.routing.own && !story.routing.own.too_large) tables.push([ROUTING_OWN, story.routing.own.name]);
  return tables.map(([path, name]) => routingButton(name, () => routingChooseTable(path), { "data-table": path }));
}

function routingForm(parts) {
  parts.input = html("input", { type: "text", id: "routing-address", autocomplete: "off", spellcheck: "false", autocapitalize: "off", size: 20 });
  parts.question = html("label", { for: "routing-address" });
  parts.sender = html("select", { id: "routing-sender", onchange: () => {
    routingView.sender = parts.sender.value;
    routingAsk(true);
  } });
  parts.senderLabel = html("label", { for: "routing-sender" }, "A packet from ", parts.sender);
  parts.input.addEventListener("input", () => {
    routingView.address = parts.input.value.trim();
    routingAsk(false);
  });
  return html("form", { class: "routing-ask choices", onsubmit: (event) => {
    event.preventDefault();
    routingAsk(true);
  } }, parts.senderLabel, parts.question, parts.input, html("button", { type: "submit" }, "Look it up"));
}

function routingTreePanel(parts) {
  const turn = (inbound) => {
    routingTurn(routingView.table, inbound);
    routingAsk(true);
  };
  parts.outwards = routingButton("Going out", () => turn(false));
  parts.inwards = routingButton("Coming in", () => turn(true));
  parts.tables = html("span", { class: "choices routing-tables", role: "group", "aria-label": "Table" }, routingTables());
  parts.tables.hidden = parts.tables.children.length < 2;
  parts.picks = html("div", { class: "routing-picks", role: "group", "aria-label": "Addresses to try" });
  parts.canvas = html("div", { class: "routing-canvas" });
  parts.words = html("ol", { class: "routing-walk" });
  parts.hint = html("p", { class: "routing-hint" });
  parts.verdict = html("p", { class: "routing-verdict", role: "status" });
  const move = (by) => {
    clearTimeout(routingView.timer);
    routingView.shown = Math.max(1, Math.min(routingView.walk.steps.length, routingView.shown + by));
    routingDraw();
  };
  parts.back = routingButton("One node back", () => move(-1));
  parts.on = routingButton("One node on", () => move(1));
  parts.again = routingButton("Walk again", () => routingAsk(true));
  return html("div", { "data-routing-panel": "tree", class: "routing-tree" },
    html("div", { class: "choices" }, html("span", { class: "choices", role: "group", "aria-label": "Direction" }, parts.outwards, parts.inwards), parts.tables),
    routingForm(parts), parts.picks, parts.hint, parts.verdict, parts.canvas, parts.words,
    (parts.moves = html("div", { class: "choices routing-moves" }, parts.back, parts.on, parts.again)));
}

// The cells of the filter's table become buttons.
function routingEnlivenMatrix(stage) {
  const { senders } = story.routing.example.inbound;
  const rows = stage.querySelectorAll(".routing-matrix tbody tr");
  senders.forEach(({ name, claims }, row) => {
    const cells = rows[row].querySelectorAll("td");
    claims.forEach(({ source, delivered, outcome }, column) => {
      const press = () => {
        routingView.sender = name;
        routingTurn(ROUTING_EXAMPLE, true);
        routingChoose(source);
      };
      clear(cells[column]).append(
        routingButton(delivered ? "✓" : "✕", press, { class: delivered ? "good-text" : "routing-no", "data-sender": name, "data-source": source,
          "aria-label": `${name} as ${source}: ${outcome}` }),
      );
    });
  });
}

function routingStart(act) {
  routingView.act = act;
  routingView.trie = story.routing.example.v4;
  const { parts } = routingView;
  act.stage.append(routingTreePanel(parts));
  parts.picture = drawing(parts.canvas, (narrow) =>
    routingPicture({ trie: routingView.trie, bytes: routingView.asked?.bytes ?? null, walk: routingView.walk, shown: routingView.shown,
      over: routingView.asked !== null && routingView.shown >= (routingView.walk?.steps.length ?? 0), path: routingView.triePath }, narrow));
  routingEnlivenMatrix(act.stage);
  routingTurn(ROUTING_EXAMPLE, false);
}

// ---- the steps ----

function routingShow(act, step) {
  const scene = ROUTING_SCENES[step.name];
  const own = scene.own && story.routing.own && !story.routing.own.too_large;
  for (const panel of act.stage.querySelectorAll("[data-routing-panel]")) {
    panel.hidden = !scene.panels.includes(panel.dataset.routingPanel);
  }
  if (scene.claim) {
    const claim = story.routing.broken.foreign_source[scene.claim];
    routingView.sender = claim.sender;
    routingTurn(ROUTING_EXAMPLE, true);
    routingChoose(claim.source);
    return;
  }
  routingTurn(own ? ROUTING_OWN : ROUTING_EXAMPLE, false);
  if (scene.walk) routingChoose(story.routing.telling[scene.walk].destination);
  else if (own) routingChoose(story.routing.own.walks[0].destination);
  else routingChoose(scene.address ?? story.routing.telling.host.destination);
}

// Play rests at a step for as long as its walk takes, and then some.
function routingPace(step) {
  const scene = ROUTING_SCENES[step.name];
  return scene.walk ? story.routing.telling[scene.walk].steps.length * ROUTING_PACE + 7000 : 11000;
}

registerAct("routing", { start: routingStart, show: routingShow, breakIt: routingBreakIt, pace: routingPace });
