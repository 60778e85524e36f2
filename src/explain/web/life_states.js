// SPDX-License-Identifier: MIT
//
// A session's life drawn twice: the states a side can be in, with both sides standing in theirs, and the three
// slots of each side over time, so that one sees the new key come before the old one goes.

import { arrow, box, clear, drawing, group, html, label, line, picture, svg } from "./draw.js";
import { lifeFilm, lifeWords } from "./life_film.js";
import { sourceButton } from "./source_panel.js";

// ---- the states ----

const LIFE_STATES = {
  no_session: { words: "no session", wide: [66, 190], narrow: [92, 30] },
  initiating: { words: "initiating", wide: [216, 92], narrow: [268, 30] },
  answered: { words: "answered", wide: [216, 288], narrow: [92, 110] },
  idle: { words: "idle", wide: [440, 144], narrow: [92, 206] },
  expects: { words: "expects", wide: [376, 258], narrow: [268, 206] },
  owes: { words: "owes", wide: [506, 258], narrow: [180, 276] },
  rekeying: { words: "rekeying", wide: [648, 134], narrow: [92, 366] },
  expired: { words: "expired", wide: [648, 288], narrow: [268, 366] },
};
const LIFE_ESTABLISHED = ["idle", "expects", "owes"];

// Ways between states: who goes them, the line, the words at it.
const LIFE_WAYS = [
  { from: ["no_session"], to: ["initiating"], line: [96, 168, 176, 116], words: ["to send"], at: [142, 156, "start"] },
  { from: ["initiating"], to: ["no_session"], curve: "M162 84C100 76 66 110 62 166M57 157L62 166L69 158", words: ["20 tries"], at: [70, 90, "end"] },
  { from: ["no_session"], to: ["answered"], line: [96, 212, 176, 264], words: ["an initiation"], at: [140, 232, "start"] },
  { from: ["initiating"], to: LIFE_ESTABLISHED, line: [272, 106, 312, 128], words: ["response"], at: [292, 104, "start"] },
  { from: ["answered"], to: LIFE_ESTABLISHED, line: [272, 276, 312, 254], words: ["data"], at: [286, 290, "start"] },
  { from: LIFE_ESTABLISHED, to: ["rekeying"], line: [566, 148, 592, 134], words: ["120 s and sends", "165 s and receives", "15 s unanswered"], at: [648, 64, "middle"] },
  { from: ["rekeying"], to: LIFE_ESTABLISHED, line: [592, 152, 568, 168], words: ["new key"], at: [584, 186, "start"] },
  { from: [...LIFE_ESTABLISHED, "rekeying"], to: ["expired"], line: [566, 254, 592, 274], words: ["180 s"], at: [582, 250, "start"] },
  { from: ["expired"], to: ["initiating"], curve: "M704 288H714V20H216V68M210 59L216 68L222 59", words: ["to send"], at: [440, 14, "middle"] },
  { from: ["expired"], to: ["no_session"], curve: "M648 312V352H66V214M60 223L66 214L72 223", words: ["540 s: erased"], at: [360, 346, "middle"] },
  { from: ["idle", "owes"], to: ["expects"], line: [406, 166, 376, 233], words: ["sent"], at: [380, 202, "end"] },
  { from: ["expects"], to: ["idle"], line: [398, 235, 424, 182], words: ["heard"], at: [419, 206, "start"] },
  { from: ["idle", "expects"], to: ["owes"], line: [474, 166, 506, 233], words: ["got data"], at: [500, 202, "start"] },
  { from: ["owes"], to: ["idle"], line: [484, 235, 456, 182], words: ["10 s"], at: [472, 228, "end"] },
];

function stateBox(name, narrow, lit) {
  const { words } = LIFE_STATES[name];
  const [x, y] = LIFE_STATES[name][narrow ? "narrow" : "wide"];
  const width = narrow ? 128 : LIFE_ESTABLISHED.includes(name) ? 96 : 110;
  return group(
    { class: `life-state ${lit.length > 0 ? "here" : ""} ${lit.length === 1 ? lit[0] : ""}` },
    box(x - width / 2, y - 22, width, 44),
    label(x, y + 1, words, { "text-anchor": "middle" }),
    lit.map((who, i) => token(who, x + (lit.length === 1 ? 0 : i === 0 ? -27 : 27), y + 22)),
  );
}

function token(who, x, y) {
  return group(
    { class: `life-token ${who}`, transform: `translate(${x} ${y})` },
    svg("rect", { x: -25, y: -9, width: 50, height: 18, rx: 9 }),
    label(0, 4, who, { "text-anchor": "middle" }),
  );
}

function stateWay(way, walked) {
  const attributes = { class: `line life-way${walked ? " walked" : ""}` };
  const [x, y, anchor] = way.at;
  return group(
    {},
    way.line ? arrow(...way.line, attributes) : svg("path", { d: way.curve, ...attributes }),
    way.words.map((words, i) => label(x, y + 14 * i, words, { class: "label small soft", "text-anchor": anchor })),
  );
}

// Both sides' states, and the ways that they have just gone.
function statesPicture(frame, before, narrow) {
  const here = (name) => ["laptop", "server"].filter((who) => frame[who].phase === name);
  const walked = (way) =>
    before !== undefined &&
    ["laptop", "server"].some(
      (who) => before[who].phase !== frame[who].phase && way.from.includes(before[who].phase) && way.to.includes(frame[who].phase),
    );
  const name = `The laptop: ${frame.laptop.words}. The server: ${frame.server.words}.`;
  const frameAround = narrow
    ? [svg("rect", { x: 14, y: 160, width: 332, height: 158, rx: 8, class: "life-around" }), label(26, 178, "established", { class: "label small soft" })]
    : [svg("rect", { x: 316, y: 108, width: 248, height: 190, rx: 8, class: "life-around" }), label(326, 126, "established", { class: "label small soft" })];
  return picture(
    narrow ? 360 : 720,
    narrow ? 410 : 366,
    name,
    frameAround,
    narrow ? null : LIFE_WAYS.map((way) => stateWay(way, walked(way))),
    Object.keys(LIFE_STATES).map((state) => stateBox(state, narrow, here(state))),
  );
}

// ---- the slots over time ----

const LIFE_LANES = ["previous", "current", "next"];
const LANE_HEIGHT = 21;
const SIDE_HEIGHT = 3 * LANE_HEIGHT + 26;

// What has its width in the drawing: a slot's bar, until the key may no longer be used, and after that.
function barShapes(bar, scale, top, constants) {
  const [from, to, dead] = [scale(bar.from), scale(bar.to), scale(Math.min(bar.expires, bar.to))];
  const born = bar.expires - constants.reject_after_time;
  const ages = [constants.rekey_after_time, constants.last_minute_rekey].filter(
    (age) => bar.slot === "current" && bar.initiator && born + age > bar.from && born + age < bar.to,
  );
  return group(
    { class: `life-bar ${bar.who} ${bar.slot}` },
    svg("rect", { x: from, y: top + 2, width: Math.max(2, dead - from), height: LANE_HEIGHT - 5, rx: 2, class: "living" }),
    to > dead && svg("rect", { x: dead, y: top + 2, width: to - dead, height: LANE_HEIGHT - 5, rx: 2, class: "dead" }),
    to - from > 12 && label(from + 5, top + LANE_HEIGHT - 7, bar.session, { class: "label life-letter" }),
    ages.map((age, i) => {
      const x = scale(born + age);
      const room = i === 0 ? x - from > 38 : x - scale(born + ages[0]) > 24;
      return [
        line(x, top + 2, x, top + LANE_HEIGHT - 3, { class: "line life-age" }),
        room && label(x - 3, top + LANE_HEIGHT - 7, age, { class: "label life-tiny", "text-anchor": "end" }),
      ];
    }),
  );
}

function lanes(who, top, width, gutter) {
  return [
    label(0, top + 12, who, { class: `label ${who}` }),
    LIFE_LANES.map((name, i) => [
      svg("rect", { x: gutter, y: top + 20 + i * LANE_HEIGHT, width: width - gutter, height: LANE_HEIGHT - 1, class: "life-lane" }),
      label(gutter - 6, top + 20 + i * LANE_HEIGHT + 14, name, { class: "label life-tiny soft", "text-anchor": "end" }),
    ]),
  ];
}

// Ticks of all events, and times where there is room for them.
function timeTicks(frames, scale, top, width) {
  let free = -Infinity;
  return frames.map((frame) => {
    const x = scale(frame.at);
    const length = frame.time.length * 6.2;
    const shown = Boolean(frame.mark) && x > free && (x + length < width - 54 || x === width);
    if (shown) free = x + length + 8;
    return [
      line(x, top, x, top + (frame.mark ? 8 : 4), { class: `line life-tick ${frame.who}` }),
      shown && label(x, top + 20, frame.time, { class: "label life-tiny soft", "text-anchor": x > width - 30 ? "end" : "start" }),
    ];
  });
}

function slotsPicture(data, axis, index, narrow) {
  const { frames, bars } = data.session;
  const width = narrow ? 360 : 720;
  const gutter = narrow ? 58 : 64;
  const scale = (at) => gutter + axis.placeOf(at) * (width - gutter);
  const bottom = 2 * SIDE_HEIGHT;
  const sides = ["laptop", "server"].map((who, i) => {
    const top = i * SIDE_HEIGHT;
    const mine = bars.filter((bar) => bar.who === who);
    return [
      lanes(who, top, width, gutter),
      mine.map((bar) => barShapes(bar, scale, top + 20 + LIFE_LANES.indexOf(bar.slot) * LANE_HEIGHT, data.constants)),
    ];
  });
  const x = gutter + axis.places[index] * (width - gutter);
  return picture(
    width,
    bottom + 26,
    "",
    sides,
    timeTicks(frames, scale, bottom + 2, width),
    line(x, 14, x, bottom + 12, { class: "line life-cursor" }),
  );
}

// ---- one side in words ----

function slotWords(slot, name) {
  if (!slot) return null;
  const may = [slot.may_send && "sends", slot.may_receive && "receives"].filter(Boolean).join(" and ") || "is not used";
  return html("li", {}, `${name}: session ${slot.session}, ${slot.old} old, ${may}${slot.confirmed ? "" : ", not confirmed"}`);
}

function sideWords(act, frame, who, index) {
  const at = `session.frames.${index}.${who}`;
  const state = frame[who];
  return html(
    "div",
    { class: "life-side" },
    html("p", { class: `life-name ${who}-text` }, `The ${who}`),
    html("p", { class: "life-phase" }, lifeWords(act, `${at}.words`)),
    html(
      "ul",
      {},
      LIFE_LANES.map((slot) => slotWords(state.slots[slot], slot)),
      state.waiting > 0 && html("li", {}, `${state.waiting} waiting for a key`),
      state.timers.map((timer, i) =>
        html("li", { class: "life-timer" }, lifeWords(act, `${at}.timers.${i}.words`), " in ", lifeWords(act, `${at}.timers.${i}.in`)),
      ),
    ),
  );
}

// ---- the view ----

// `element` to be put on the stage, and go(index).
export function lifeSessionView(act) {
  const states = html("div", { class: "life-states" });
  const slots = html("div", { class: "life-slots" });
  const sides = html("div", { class: "life-sides" });
  const draws = [];
  const film = lifeFilm(act, "session", "Time in the life of a session", (frame, index) => {
    for (const draw of draws) draw();
    clear(sides).append(sideWords(act, frame, "laptop", index), sideWords(act, frame, "server", index));
  });
  draws.push(
    drawing(states, (narrow) => statesPicture(film.frames[film.index], film.frames[film.index - 1], narrow)),
    drawing(slots, (narrow) => slotsPicture(act.data, film.axis, film.index, narrow)),
  );
  slots.addEventListener("click", (event) => {
    const { left, width } = slots.getBoundingClientRect();
    const gutter = width < 480 ? 58 / 360 : 64 / 720;
    const place = ((event.clientX - left) / width - gutter) / (1 - gutter);
    const distances = film.axis.places.map((one) => Math.abs(one - place));
    film.show(distances.indexOf(Math.min(...distances)));
  });
  const sources = html("p", { class: "life-sources" }, "The code: ", [
    ["keypair_install", "the slots"],
    ["timers_data_received", "the keepalive's timer"],
    ["check_last_minute", "rekey by receiving"],
    ["retransmit_expired", "another try"],
  ].map(([name, made]) => [sourceButton(name, made), " "]));
  const element = html("div", { class: "life-view" }, states, slots, film.element, sides, sources);
  return { element, go: film.show };
}
