// SPDX-License-Identifier: MIT
//
// The two sides of the handshake, one beside the other, and who listens between them: the running values C and H
// (or the keys that come of them) as strips of 32 cells, so that the same looks the same, and what each knows by
// now. What is known is in the story; a word opens its value.

import { story } from "./frame.js";
import { clear, html, keySign, svg } from "./draw.js";
import { storyValue, valueElement } from "./bytes.js";
import { linkable } from "./links.js";

const HANDSHAKE_INITIATION_MOVES = ["start", "e", "es", "s", "ss", "timestamp"];

// Elsewhere on the stage the same thing is a field of a message.
const HANDSHAKE_KNOWN_FIELDS = {
  laptop_ephemeral: "initiation-ephemeral",
  laptop_public: "initiation-static",
  timestamp: "initiation-timestamp",
  server_ephemeral: "response-ephemeral",
};

// Bytes as a row of cells, darker for greater ones, in the colour of its class.
function handshakeStrip(hex) {
  const bytes = hex.match(/../g) ?? [];
  const cells = bytes.map((byte, index) =>
    svg("rect", { x: index, y: 0, width: 1, height: 1, "fill-opacity": (0.08 + (0.92 * parseInt(byte, 16)) / 255).toFixed(2) }),
  );
  return svg("svg", { class: "hs-cells", viewBox: `0 0 ${bytes.length} 1`, preserveAspectRatio: "none", "aria-hidden": "true" }, cells);
}

// One strip with its name and its first bytes; path null: nothing there yet, and `gone` says why.
export function handshakeRow({ name, path, fresh, gone, kind }) {
  if (!path) {
    return html("div", { class: "hs-row none" }, html("b", {}, name), html("span", { class: "hs-none" }, gone ?? "not yet"));
  }
  const value = storyValue(story, path);
  const start = html("code", { "data-value": path, "data-slice": "0 4" }, value.slice(0, 8));
  return html(
    "div",
    { class: `hs-row ${kind ?? "running"}${fresh ? " fresh" : ""}` },
    html("b", {}, name),
    handshakeStrip(value),
    html("span", { class: "hs-start" }, start, "…"),
  );
}

// Where C and H of a side are after this move, in the story.
function runningPath(side, move, letter) {
  if (!move) return null;
  const maker = HANDSHAKE_INITIATION_MOVES.includes(move) ? "laptop" : "server";
  return `handshake.moves.${move}.${side === maker ? "" : "reader."}${letter}`;
}

// C and H of a side: after `move`, which it made in this step if `active`.
export function handshakeRunning(side, move, active, gone) {
  const told = move && story.handshake.moves[move];
  const changed = (letter) => active && (told[`${letter}_changes`] || move === "start" || !HANDSHAKE_INITIATION_MOVES.includes(move) === (side === "laptop"));
  return [
    handshakeRow({ name: "C", path: runningPath(side, move, "c"), fresh: told && changed("c"), gone, kind: "secret" }),
    handshakeRow({ name: "H", path: runningPath(side, move, "h"), fresh: told && changed("h"), gone }),
  ];
}

function knownButton(known, onOpen) {
  const sign = svg("svg", { viewBox: "-16 -9 32 18", class: "drawing hs-key", "aria-hidden": "true" }, keySign(0, 0, known.secret ? "secret" : "public"));
  const kind = known.forgotten ? "wiped now" : known.secret ? "secret" : "open to all";
  const button = html(
    "button",
    { type: "button", class: `hs-known${known.new ? " fresh" : ""}${known.forgotten ? " forgotten" : ""}`, "aria-expanded": "false", title: kind, onclick: () => onOpen(button, known) },
    known.name === "timestamp" ? null : sign,
    known.label,
    known.forgotten && html("span", { class: "announcer" }, ", wiped now"),
  );
  const field = HANDSHAKE_KNOWN_FIELDS[known.name];
  return field ? linkable(button, field) : button;
}

// What one knows; a click on a thing shows its bytes below.
function handshakeKnown(list, none) {
  const shown = html("p", { class: "hs-value" });
  const open = (button, known) => {
    const again = button.getAttribute("aria-expanded") === "true";
    for (const other of box.querySelectorAll("[aria-expanded]")) other.setAttribute("aria-expanded", "false");
    clear(shown);
    if (again) return;
    button.setAttribute("aria-expanded", "true");
    shown.append(`${known.label}: `, valueElement(story, known.path));
  };
  const things = list.map((known) => html("li", {}, knownButton(known, open)));
  const box = html("div", {}, things.length > 0 ? html("ul", { class: "hs-knows" }, things) : html("p", { class: "hs-none" }, none), shown);
  return box;
}

// One column: a title, its strips, and what is known there.
export function handshakeColumn(kind, title, { rows = [], known, none = "nothing", active = false }) {
  return html(
    "section",
    { class: `hs-column ${kind}${active ? " active" : ""}`, "aria-label": title },
    html("h3", {}, title),
    rows.length > 0 && html("div", { class: "hs-rows" }, rows),
    known && handshakeKnown(known, none),
  );
}
