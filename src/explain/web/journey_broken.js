// SPDX-License-Identifier: MIT
//
// Act 3 broken: spoilt packets, each with the verdict that the server's real code gave on it, and the question's
// bytes, any of which can be changed.

import { html } from "./draw.js";
import { byteGrid, storyValue, valueElement } from "./bytes.js";

// The story's text at a path, in the middle of a sentence.
function storyWords(act, path) {
  return html("span", { "data-value": path }, String(storyValue(act.story, path)));
}

// The checks in their order; a drop names the one that it failed.
const JOURNEY_GATES = [
  ["arrive", "a WireGuard message?"],
  ["index", "a session that lives?"],
  ["open", "sealed with its key?"],
  ["window", "not seen before?"],
  ["source", "may it say who it is?"],
  ["deliver", "delivered"],
];

function journeyGates(station) {
  const last = JOURNEY_GATES.findIndex(([name]) => name === station);
  const delivered = station === "deliver";
  return html(
    "ol",
    { class: "journey-gates", "aria-label": "The checks" },
    JOURNEY_GATES.map(([, words], i) => {
      const passed = i < last || (delivered && i === last);
      const stopped = i === last && !delivered;
      return html("li", { class: passed ? "passed" : stopped ? "stopped" : "", "aria-label": `${words} ${passed ? "yes" : stopped ? "no" : "not asked"}` }, words);
    }),
  );
}

function journeyVerdict(act, path) {
  const { outcome, drop } = storyValue(act.story, path);
  const value = (name) => storyWords(act, `${path}.${name}`);
  return html("p", {}, html("span", { class: `verdict ${drop ? "bad" : "good"}` }, "The server: ", value("outcome"), drop && [" as ", value("drop")]), drop && [": ", value("drop_text"), "."]);
}

// What comes back, and whether it has to do with the spoilt packet.
function journeyHeard(act, path) {
  const trial = storyValue(act.story, path);
  const seconds = storyWords(act, `${path}.listened`);
  if (trial.silent) return ["nothing, for ", seconds, " s"];
  const list = trial.answers.map((_, i) => [
    storyWords(act, `${path}.answers.${i}.length`), " bytes to ", valueElement(act.story, `${path}.answers.${i}.to`, {}),
    ", after ", storyWords(act, `${path}.answers.${i}.after`), " s",
  ]);
  return [
    list,
    trial.unnoticed
      ? ": the very bytes that it would have sent if this packet had never come. Of this packet, the sender hears nothing."
      : ": a keepalive, for what came was authentic, and for all the server’s timers know the laptop has said something.",
  ];
}

function showJourneyTrial(act, place, path) {
  const trial = storyValue(act.story, path);
  const value = (name) => valueElement(act.story, `${path}.${name}`, {});
  const moved = trial.moved
    ? [value("endpoint_before"), ", and from now on ", value("endpoint_after"), ". The outside address is not protected, and need not be: who cannot open what is sent there gains nothing."]
    : [value("endpoint_after"), ", as before"];
  const newest = trial.top_before === trial.top_after ? [value("top_after"), ", as before"] : [value("top_before"), ", then ", value("top_after")];
  place.replaceChildren(
    html(
      "div",
      { class: "journey-trial" },
      html("div", {}, html("h4", {}, trial.title), html("p", {}, trial.text), journeyGates(trial.station), journeyVerdict(act, path)),
      html(
        "dl",
        { class: "values" },
        html("dt", {}, "What the server sends afterwards"), html("dd", {}, journeyHeard(act, path)),
        html("dt", {}, "Where it thinks the laptop is"), html("dd", {}, moved),
        html("dt", {}, "The highest number that it has had, and one"), html("dd", {}, newest),
        html("dt", {}, "What was handed to it, from ", value("from")), html("dd", {}, value("bytes")),
      ),
    ),
  );
}

function journeyTrialButtons(act, place) {
  const buttons = act.data.trials.map((trial, i) =>
    html("button", { type: "button", "aria-pressed": "false", onclick: (event) => {
      for (const button of buttons) button.setAttribute("aria-pressed", String(button === event.currentTarget));
      showJourneyTrial(act, place, `journey.trials.${i}`);
    } }, trial.title));
  return html("div", { class: "choices" }, buttons);
}

function showJourneyFlip(act, place, offset) {
  const path = `journey.flips.bytes.${offset}`;
  const flip = storyValue(act.story, path);
  const value = (name) => valueElement(act.story, `${path}.${name}`, {});
  const words = (name) => storyWords(act, `${path}.${name}`);
  const changed = html("p", {}, "Byte ", words("byte"), ", in the ", words("part"), ": ", value("before"), " becomes ", value("after"), ".");
  const kernel = html("p", {}, "On its own, that is a broken cable’s doing, and the server’s kernel notices: the ", words("kernel"), " is wrong. WireGuard never sees the packet.");
  if (!("outcome" in flip)) {
    place.replaceChildren(changed, kernel, html("p", {}, "Somebody who writes other addresses or ports and makes the checksum right again has passed the packet on from elsewhere. See “Send it from another address”."));
    return;
  }
  place.replaceChildren(
    changed, kernel,
    html("p", {}, "Somebody who does it on purpose makes that checksum right again. It takes no key. Then:"),
    journeyGates(flip.station), journeyVerdict(act, path),
    html("p", {}, "The server answers with ", html("strong", {}, act.data.flips.then.silent ? "nothing" : "something"), ". It changed nothing of what it knows: after all ",
      storyWords(act, "journey.flips.then.spoilt"), " bytes were tried so, the untouched original was still ", storyWords(act, "journey.flips.then.outcome"), "."),
  );
}

function journeyFlipPart(act) {
  const place = html("div", { role: "status", "aria-live": "polite" }, html("p", {}, "Pick a byte."));
  const gridPlace = html("div", {});
  const { flips } = act.data;
  const grid = byteGrid(gridPlace, {
    bytes: flips.packet,
    value: "journey.flips.packet",
    fields: flips.fields.map((field) => ({ name: field.name, from: field.from, to: field.to, kind: field.kind, link: `broken-${field.name.replace(/\s+/g, "-")}` })),
    label: "The packet, to be changed",
    onPick: (offset) => {
      grid.update({ bytes: flips.bytes[offset].packet, value: `journey.flips.bytes.${offset}.packet`, marked: [{ at: offset, kind: "bad" }] });
      showJourneyFlip(act, place, offset);
    },
  });
  return html("div", { class: "journey-flips only-live" }, html("h4", {}, "Flip a bit"),
    html("p", {}, "Here is the whole packet, as it is between the two. Pick any byte: its lowest bit is turned round, and the server gets it."),
    html("div", { class: "journey-trial" }, gridPlace, place));
}

export function breakJourney(act, element) {
  const place = html("div", { role: "status", "aria-live": "polite" });
  element.append(journeyTrialButtons(act, place), place, journeyFlipPart(act));
}
