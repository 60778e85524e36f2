// SPDX-License-Identifier: MIT
//
// Act 3: where the packet is on the map (journey_map.js), and what it is there, byte by byte. What stands at a
// step is said in one table; the bytes, lengths and fields are the story's.

import { clear, drawing, html } from "./draw.js";
import { registerAct } from "./frame.js";
import { byteGrid, storyValue, valueElement } from "./bytes.js";
import { journeyMap } from "./journey_map.js";
import { journeyCapture, journeySizes } from "./journey_sizes.js";
import { breakJourney } from "./journey_broken.js";

// Where each step's packet stands, and which stage of its way it is.
const JOURNEY_STOPS = {
  app: ["laptop.app", "app"],
  kernel: ["laptop.kernel", "app"],
  peer: ["laptop.table", "app"],
  padding: ["laptop.session", "padding"],
  counter: ["laptop.session", "padding"],
  seal: ["laptop.session", "seal"],
  header: ["laptop.session", "header"],
  udp: ["laptop.udp", "udp"],
  outer: ["laptop.nic", "outer"],
  internet: ["net", "outer"],
  arrive: ["server.nic", "outer"],
  index: ["server.session", "header"],
  open: ["server.session", "open"],
  window: ["server.session", "open"],
  source: ["server.table", "open"],
  deliver: ["server.app", "deliver"],
  back: ["laptop.app", "deliver"],
};

// What the stage shows at a step: { stop, from, way, stage }, and the stage's path in the story.
function journeyScene(act, step) {
  if (step.name === "silence") {
    const { length, fields } = act.data.keepalive;
    return { stop: "laptop.session", from: "laptop.session", title: "a keepalive", stage: { length, fields }, bytes: "journey.keepalive.bytes", fields: "journey.keepalive.fields", total: "journey.keepalive.length" };
  }
  if (!(step.name in JOURNEY_STOPS)) return undefined;
  const [stop, name] = JOURNEY_STOPS[step.name];
  const way = step.name === "back" ? "back" : "out";
  const index = act.data[way].stages.findIndex((stage) => stage.name === name);
  const path = `journey.${way}.stages.${index}`;
  const stage = storyValue(act.story, path);
  return { stop, from: way === "back" ? "server.app" : "laptop.app", title: stage.title, stage, bytes: `${path}.bytes`, fields: `${path}.fields`, total: `${path}.length` };
}

// "20 + 8 + 16 + 4 = 48 bytes", each number the story's.
function journeySum(act, { fields, total }) {
  const parts = storyValue(act.story, fields).map((_, i) => [i > 0 && " + ", valueElement(act.story, `${fields}.${i}.length`, {})]);
  return html("p", { class: "journey-sum" }, parts.length > 1 && [parts, " = "], html("strong", {}, valueElement(act.story, total, {}), " bytes"));
}

function showJourneyBytes(act, container, now) {
  const { stage } = now;
  clear(container).append(html("div", { class: "journey-head" }, html("p", { class: "journey-title" }, now.title), journeySum(act, now)));
  const scroll = html("div", { class: "journey-bytes", tabindex: 0, role: "region", "aria-label": `The bytes of ${now.title}` });
  container.append(scroll);
  byteGrid(scroll, {
    bytes: storyValue(act.story, now.bytes),
    value: now.bytes,
    fields: stage.fields.map((field) => ({ ...field, formula: field.formula ?? undefined, source: field.source ?? undefined, note: field.note || undefined })),
    fresh: stage.fresh,
    label: now.title,
  });
}

// The scenes of one way, out or back: the same stations, the two machines changed over.
function journeyScenes(act, way) {
  const other = (stop) => (way === "out" ? stop : stop.replace(/laptop|server/, (host) => (host === "laptop" ? "server" : "laptop")));
  return Object.entries(JOURNEY_STOPS).filter(([name]) => name !== "back").map(([, [stop, stage]]) => ({
    stop: other(stop),
    from: other("laptop.app"),
    stage: act.data[way].stages.find((one) => one.name === stage),
  }));
}

// The whole way in one go, to look at: there with the question, back with the answer.
function watchJourney(act, view) {
  const scenes = [...journeyScenes(act, "out"), ...journeyScenes(act, "back")];
  const show = (i) => {
    view.map.show({ ...scenes[i], wasAt: scenes[i - 1]?.stop });
    const next = i + 1 < scenes.length ? () => show(i + 1) : () => showJourneyStage(act, view, act.steps[act.index]);
    view.timer = setTimeout(next, /nic|net/.test(scenes[i].stop) ? 1250 : 750);
  };
  clearTimeout(view.timer);
  act.say("The question travels to the server, and the answer back.");
  show(0);
}

function showJourneyStage(act, view, step, wasAt) {
  const now = journeyScene(act, step);
  clearTimeout(view.timer);
  for (const part of [view.place, view.watch]) part.hidden = !now;
  if (now) {
    view.map.show({ ...now, wasAt });
    showJourneyBytes(act, view.panel, now);
  } else {
    (step.name === "sizes" ? journeySizes : journeyCapture)(act, clear(view.panel));
  }
}

const journeyViews = new WeakMap();

registerAct("journey", {
  start(act) {
    const view = { shown: undefined };
    view.place = html("div", {});
    view.watch = html("p", { class: "journey-watch" }, html("button", { type: "button", onclick: () => watchJourney(act, view) }, "Watch it travel"));
    view.panel = html("div", {});
    journeyViews.set(act, view);
    clear(act.stage).append(view.place, view.watch, view.panel);
    const addresses = { laptop: act.story.cast.laptop.address, server: act.story.cast.server.address };
    drawing(view.place, (narrow) => {
      view.map = journeyMap(narrow, addresses);
      if (view.shown !== undefined) showJourneyStage(act, view, act.steps[view.shown]);
      return view.map.element;
    });
  },
  show(act, step, index) {
    const view = journeyViews.get(act);
    const before = view.shown === index - 1 ? journeyScene(act, act.steps[view.shown]) : undefined;
    view.shown = index;
    showJourneyStage(act, view, step, before?.stop);
  },
  breakIt: breakJourney,
});
