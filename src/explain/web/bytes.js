// SPDX-License-Identifier: MIT
//
// Messages as bytes: a grid of hex, field by field, each with its formula and the function that makes it.
//
//     const grid = byteGrid(container, {
//       bytes: "01000000...",            lower-case hex, from the story
//       value: "handshake.initiation",   where in the story these bytes are (dotted path)
//       fields: [{ name, from, to, formula, source, kind, link, note }],
//       filled: 40 | { from, to },       bytes that are there yet; all if left out
//       fresh: { from, to },             those that came with this step
//       marked: [57, { at: 58, kind: "bad" }],
//       onPick: (offset, field) => ...,  bytes become buttons
//       label: "The initiation",         for screen readers
//     });
//     grid.update({ filled: 116 });      any of the above anew
//
// Offsets count from 0; `to` is the offset after the last byte (a field's `length` may stand instead). `kind` is
// its colour: plain, public, secret, sealed, laptop, server, good, bad. `source` is a function that sources.txt
// names. `link` lights the field together with other elements (links.js); its name if left out.
//
// A filled field's bytes carry data-value and data-slice ("from to" in bytes) and show just these.
// Arrow keys walk through the bytes of a grid that can be picked from; Enter picks.

import { clear, html } from "./draw.js";
import { linkable } from "./links.js";
import { sourceButton } from "./source_panel.js";

// What the story has at a dotted path ("cast.laptop.public_key"); undefined if nothing.
export function storyValue(root, path) {
  return path.split(".").reduce((value, name) => value?.[name], root);
}

// Hex in groups of four bytes; the text itself stays unbroken.
export function hexGroups(hex) {
  return (hex.match(/.{1,8}/g) ?? []).map((quad) => html("span", { class: "quad" }, quad));
}

// An element that shows the story's value at a path, just as it is there.
export function valueElement(root, path, attributes) {
  const value = String(storyValue(root, path));
  const hex = value.length >= 16 && /^([0-9a-f]{2})+$/.test(value);
  return html("code", { class: hex ? "bytes" : "value", "data-value": path, ...attributes }, hex ? hexGroups(value) : value);
}

function asRange(range, length) {
  if (range === undefined) return { from: 0, to: length };
  if (typeof range === "number") return { from: 0, to: range };
  return range;
}

const within = (offset, range) => offset >= range.from && offset < range.to;

function normalField(field) {
  const to = field.to ?? field.from + field.length;
  return { kind: "plain", ...field, to, link: field.link ?? field.name.replace(/\s+/g, "-") };
}

// One byte; a button if it can be picked.
function byteElement(grid, field, offset) {
  const { options, length } = grid;
  const there = within(offset, asRange(options.filled, length));
  const mark = (options.marked ?? []).find((one) => (one.at ?? one) === offset);
  const classes = ["byte", there ? "" : "empty", options.fresh && within(offset, options.fresh) ? "fresh" : ""];
  if (mark !== undefined) classes.push("marked", mark.kind ?? "bad");
  const words = there ? options.bytes.slice(offset * 2, offset * 2 + 2) : "";
  const attributes = { class: classes.filter(Boolean).join(" "), title: `byte ${offset}, ${field.name}` };
  if (!options.onPick || !there) return html("span", attributes, words);
  return html(
    "button",
    {
      ...attributes,
      type: "button",
      tabindex: offset === grid.focused ? 0 : -1,
      "data-offset": offset,
      "aria-label": `${words}, byte ${offset}, ${field.name}`,
      onclick: () => {
        grid.focused = offset;
        options.onPick(offset, field);
      },
    },
    words,
  );
}

function fieldElement(grid, field) {
  const { options, length } = grid;
  const filled = asRange(options.filled, length);
  const complete = field.from >= filled.from && field.to <= filled.to;
  const untouched = field.to <= filled.from || field.from >= filled.to;
  const bytes = [];
  for (let quad = field.from; quad < field.to; quad += 4) {
    const end = Math.min(quad + 4, field.to);
    const group = [];
    for (let offset = quad; offset < end; offset++) group.push(byteElement(grid, field, offset));
    bytes.push(html("span", { class: "quad" }, group));
  }
  const slice = options.value && complete ? { "data-value": options.value, "data-slice": `${field.from} ${field.to}` } : {};
  const size = field.to - field.from;
  const element = html(
    "div",
    { class: `byte-field ${field.kind}${untouched ? " empty" : ""}`, role: "group", "aria-label": `${field.name}, ${size} bytes` },
    html(
      "p",
      { class: "byte-name" },
      html("b", {}, field.name),
      field.formula && html("code", { class: "formula" }, field.formula),
      field.source && sourceButton(field.source, field.name),
      html("span", { class: "where" }, size === 1 ? `byte ${field.from}` : `${size} bytes from ${field.from}`),
    ),
    html("p", { class: "byte-row", ...slice }, bytes),
    field.note && html("p", { class: "byte-note" }, field.note),
  );
  return linkable(element, field.link);
}

// The whole message as one bar, its fields as long as they are.
function byteMap(grid, fields) {
  const filled = asRange(grid.options.filled, grid.length);
  return html(
    "div",
    { class: "byte-map", "aria-hidden": "true" },
    fields.map((field) => {
      const there = Math.max(0, Math.min(field.to, filled.to) - Math.max(field.from, filled.from)) / (field.to - field.from);
      const part = html("span", { class: field.kind, title: field.name }, html("i", { style: { width: `${there * 100}%` } }));
      part.style.setProperty("flex-grow", String(field.to - field.from));
      return linkable(part, field.link);
    }),
  );
}

function drawGrid(grid) {
  const fields = grid.options.fields.map(normalField);
  grid.length = grid.options.bytes.length / 2;
  const filled = asRange(grid.options.filled, grid.length);
  if (!within(grid.focused, filled)) grid.focused = filled.from;
  const hadFocus = grid.element.contains(document.activeElement);
  clear(grid.element).append(byteMap(grid, fields), html("div", { class: "byte-fields" }, fields.map((field) => fieldElement(grid, field))));
  if (hadFocus) focusByte(grid, grid.focused);
}

function focusByte(grid, offset) {
  const byte = grid.element.querySelector(`[data-offset="${offset}"]`);
  if (!byte) return;
  grid.element.querySelector('[data-offset][tabindex="0"]')?.setAttribute("tabindex", "-1");
  byte.tabIndex = 0;
  byte.focus();
  grid.focused = offset;
}

function byteAfterKey(grid, key) {
  const starts = grid.options.fields.map((field) => field.from);
  const field = starts.findLastIndex((from) => from <= grid.focused);
  const places = {
    ArrowRight: grid.focused + 1,
    ArrowLeft: grid.focused - 1,
    ArrowDown: starts[Math.min(field + 1, starts.length - 1)],
    ArrowUp: starts[Math.max(field - 1, 0)],
    Home: 0,
    End: grid.length - 1,
  };
  return places[key];
}

function onGridKey(grid, event) {
  if (!event.target.closest("[data-offset]")) return;
  const offset = byteAfterKey(grid, event.key);
  if (offset === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
  event.preventDefault();
  focusByte(grid, offset);
}

export function byteGrid(container, options) {
  const element = html("div", { class: "byte-grid", role: "group", "aria-label": options.label ?? "The message's bytes" });
  const grid = { element, options: { ...options }, focused: 0, length: 0 };
  element.addEventListener("keydown", (event) => onGridKey(grid, event));
  clear(container).append(element);
  drawGrid(grid);
  return {
    element,
    update(changes) {
      Object.assign(grid.options, changes);
      drawGrid(grid);
    },
  };
}

// Long hex in the fragments, in groups that are easier to read.
function groupPlainBytes() {
  for (const element of document.querySelectorAll(".bytes")) {
    const hex = element.textContent.trim();
    if (element.childElementCount === 0 && /^([0-9a-f]{2})+$/.test(hex)) element.replaceChildren(...hexGroups(hex));
  }
}

groupPlainBytes();
