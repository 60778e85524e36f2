// SPDX-License-Identifier: MIT
//
// The replay window as it lies in memory: a ring of 8192 bits, two of its words in each row. A bit stands for the
// counter that is one less, modulo the ring; which of the counters it can be just now follows from the newest.

import { html, picture, svg } from "./draw.js";
import { lifeWords } from "./life_film.js";
import { sourceButton } from "./source_panel.js";

const RING_COLUMNS = 128;

// Runs of the cells for which has(bit) holds, as one path of unit squares.
function ringPath(bits, has) {
  const parts = [];
  for (let from = 0; from < bits; from++) {
    if (!has(from)) continue;
    let to = from + 1;
    while (to < bits && to % RING_COLUMNS !== 0 && has(to)) to++;
    parts.push(`M${from % RING_COLUMNS} ${Math.floor(from / RING_COLUMNS)}h${to - from}v1h${from - to}z`);
    from = to - 1;
  }
  return parts.join("");
}

function ringBits(step) {
  return (bit) => {
    const digit = step.ring[16 * Math.floor(bit / 64) + 15 - Math.floor((bit % 64) / 4)];
    return (parseInt(digit, 16) >> (bit % 4)) % 2 === 1;
  };
}

// The counter that a bit stands for: the greatest that is not newer than the newest.
function counterAt(bit, newest, bits) {
  const top = newest + 1;
  return top - ((((top - bit) % bits) + bits) % bits) - 1;
}

function ringPicture(window_, step) {
  const { bits } = window_;
  const set = ringBits(step);
  const inside = (bit) => {
    const counter = counterAt(bit, step.newest, bits);
    return counter >= step.lowest && counter >= 0;
  };
  const rows = bits / RING_COLUMNS;
  const newest = (step.newest + 1) % bits;
  const tried = step.tries.filter((one) => Number(one.counter) < 2 ** 53);
  const name = `The ring of ${bits} bits. ${step.set} are set. The newest counter is ${step.newest}, the lowest that would be taken ${step.lowest}.`;
  return picture(
    RING_COLUMNS,
    rows,
    name,
    svg("rect", { x: 0, y: 0, width: RING_COLUMNS, height: rows, class: "life-ring-out" }),
    svg("path", { d: ringPath(bits, inside), class: "life-ring-in" }),
    svg("path", { d: ringPath(bits, (bit) => set(bit) && inside(bit)), class: "life-ring-set" }),
    svg("path", { d: ringPath(bits, (bit) => set(bit) && !inside(bit)), class: "life-ring-old" }),
    tried.map((one) => {
      const bit = (Number(one.counter) + 1) % bits;
      return svg("circle", {
        cx: (bit % RING_COLUMNS) + 0.5, cy: Math.floor(bit / RING_COLUMNS) + 0.5, r: 1.2,
        class: `life-ring-try ${one.accepted ? "good" : "bad"}`,
      });
    }),
    svg("rect", { x: (newest % RING_COLUMNS) - 0.6, y: Math.floor(newest / RING_COLUMNS) - 0.6, width: 2.2, height: 2.2, class: "life-ring-newest" }),
  );
}

// Counters that follow each other with the same verdict, as pairs of the first and the last one's number.
function triedRuns(tries) {
  const runs = [];
  tries.forEach((one, i) => {
    const last = runs.at(-1);
    const before = last && tries[last[1]];
    if (before?.why === one.why && Number(before.counter) + 1 === Number(one.counter)) last[1] = i;
    else runs.push([i, i]);
  });
  return runs;
}

function triesList(act, step, index) {
  const at = `window.steps.${index}`;
  const counter = (i) => lifeWords(act, `${at}.tries.${i}.counter`, { class: "life-counter" });
  const tries = triedRuns(step.tries).map(([first, last]) =>
    html(
      "li",
      {},
      counter(first),
      last > first && [" to ", counter(last)],
      " ",
      lifeWords(act, `${at}.tries.${first}.verdict`, { class: `verdict ${step.tries[first].accepted ? "good" : "bad"}` }),
      " ",
      lifeWords(act, `${at}.tries.${first}.why`),
    ),
  );
  const value = (words, name) => [html("dt", {}, words), html("dd", {}, lifeWords(act, `${at}.${name}`, { class: "value" }))];
  return html(
    "div",
    {},
    tries.length > 0 ? html("ul", { class: "life-tries" }, tries) : html("p", {}, lifeWords(act, `${at}.taken`), " packets taken."),
    html("dl", { class: "values life-window-values" }, value("newest", "newest"), value("lowest that would be taken", "lowest"), value("bits set", "set")),
  );
}

function ringLegend() {
  const sample = (kind, words) => html("li", {}, picture(14, 14, "", svg("rect", { x: 0, y: 0, width: 14, height: 14, class: kind })), words);
  return html(
    "ul",
    { class: "life-legend" },
    sample("life-ring-set", "seen"),
    sample("life-ring-in", "not seen, would be taken"),
    sample("life-ring-out", "too old, or still to come"),
    html("li", {}, picture(14, 14, "", svg("circle", { cx: 7, cy: 7, r: 6, class: "life-ring-try good" })), "taken now"),
    html("li", {}, picture(14, 14, "", svg("circle", { cx: 7, cy: 7, r: 6, class: "life-ring-try bad" })), "dropped now"),
  );
}

// go(index) shows that step of the window.
export function lifeWindowView(act) {
  const ring = html("div", { class: "life-ring" });
  const told = html("div", { role: "status", "aria-live": "polite" });
  const { steps } = act.data.window;
  const buttons = steps.map((step, i) => html("button", { type: "button", "aria-pressed": "false", onclick: () => go(i) }, step.title));

  function go(index) {
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === index)));
    ring.replaceChildren(ringPicture(act.data.window, steps[index]));
    told.replaceChildren(triesList(act, steps[index], index));
  }

  const element = html(
    "div",
    { class: "life-view" },
    html("div", { class: "choices", role: "group", "aria-label": "What arrives" }, buttons),
    ring,
    ringLegend(),
    told,
    html("p", { class: "life-sources" }, "The code that decides: ", sourceButton("replay_accept", "the window")),
  );
  return { element, go };
}
