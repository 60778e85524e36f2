// SPDX-License-Identifier: MIT
//
// Act 1, broken: a bit of any byte of either message, with mac1 as it is or made right again, and cases like
// wrong keys. Every result was run by real devices and is in the story; here it is only looked up and laid out:
// the verdict, the checks up to the one that failed, what was compared, and what happened then.

import { story } from "./frame.js";
import { clear, html } from "./draw.js";
import { byteGrid, storyValue, valueElement } from "./bytes.js";
import { handshakeFields } from "./handshake_message.js";

const handshakeBreaking = { message: "initiation", repaired: false, byte: 60, parts: {} };

// Fields that give a result which needs a word, by message, field, and whether mac1 was made right again.
const HANDSHAKE_NOTES = {
  "initiation mac2": "Nobody asked for mac2, so nobody looks at it. Under load this would be refused, and answered with a cookie.",
  "response mac2": "Nobody asked for mac2, so nobody looks at it.",
  "initiation mac1 repaired": "Making mac1 right again undoes the damage.",
  "response mac1 repaired": "Making mac1 right again undoes the damage.",
  "initiation sender repaired": "The index is only a name, and no seal covers it. The server answers under the changed name; the laptop has no handshake of that name and drops the answer. Nothing was learned, and the next attempt works.",
  "response sender repaired": "The index is only a name, and no seal covers it. The laptop has the right keys now but calls the session by a wrong name, so the server drops its packets. When the laptop has sent and heard nothing for 15 seconds, it shakes hands again.",
  "response receiver repaired": "The laptop has no handshake of that name.",
  "initiation type": "This is no initiation any more.",
  "response type": "This is no response any more.",
  "initiation ephemeral repaired": "Another one-time key gives another es, another C and k: the seal does not open.",
  "response ephemeral repaired": "Another one-time key gives other secrets: the empty seal does not open. The laptop goes on waiting, and would still take the true answer.",
};

const HANDSHAKE_WORDS = {
  initiation: "initiation", response: "response", cookie_reply: "cookie reply", data: "the packet, sealed", keepalive: "keepalive",
};

// ---- the verdict ----

function checkItem(check, state) {
  const signs = { passed: "✓", failed: "✗", unasked: "–", unreached: "" };
  const words = { passed: "right", failed: "wrong", unasked: "not asked for", unreached: "not reached" };
  return html(
    "li",
    { class: state },
    html("span", { class: "hs-sign", "aria-hidden": "true" }, signs[state]),
    html("span", {}, check.title),
    html("small", {}, words[state]),
  );
}

// The receiver's checks up to the one that failed.
function checkList(result) {
  const checks = story.handshake.checks[result.by === "server" ? "initiation" : "response"];
  const failed = checks.findIndex((check) => check.name === result.check);
  const state = (check, index) => {
    if (index === failed) return "failed";
    if (failed >= 0 && index > failed) return "unreached";
    return ["mac2", "rate"].includes(check.name) ? "unasked" : "passed";
  };
  return html("ol", { class: "hs-checks" }, checks.map((check, index) => checkItem(check, state(check, index))));
}

// What was compared, by the reason: what the receiver had, and what it got.
const HANDSHAKE_COMPARED = {
  malformed: ["first bytes that it should have", "first bytes that it has"],
  wrong_mac1: ["mac1 computed", "mac1 received"],
  initiation_unreadable: ["tag computed", "tag received"],
  initiation_forged: ["tag computed", "tag received"],
  response_unreadable: ["tag computed", "tag received"],
  initiation_replayed: ["latest time taken from the laptop", "time in this message"],
  response_unexpected: ["index that is waited for", "index received"],
  cookie_required: ["mac2 wanted", "mac2 received"],
  unknown_peer: ["", "public key in the seal, which is no peer’s"],
};

function comparedValues(path, result) {
  const words = HANDSHAKE_COMPARED[result.reason] ?? ["expected", "received"];
  const pairs = ["computed", "received"].map((name, index) => [words[index], name]).filter(([, name]) => result[name] !== null);
  return (
    pairs.length > 0 &&
    html("dl", { class: "values" }, pairs.flatMap(([label, name]) => [html("dt", {}, label), html("dd", {}, valueElement(story, `${path}.${name}`))]))
  );
}

function verdictLine(path, result) {
  if (result.outcome !== "dropped") return html("p", {}, html("span", { class: "verdict good" }, "taken"), ` by the ${result.by}.`);
  return html(
    "p",
    {},
    html("span", { class: "verdict bad" }, "dropped"),
    ` by the ${result.by}: `,
    valueElement(story, `${path}.reason`),
    ", ",
    html("span", { "data-value": `${path}.text` }, result.text),
    ".",
  );
}

function answersLine(path, result) {
  const said = result.answers === 0 ? ". The sender hears nothing." : ".";
  return html("p", {}, "Answers: ", valueElement(story, `${path}.answers`), said);
}

// ---- what happened then ----

function eventWords(happened) {
  if (happened.what === "gave_up") return `the ${happened.by} gives up`;
  return happened.by === "laptop" ? "the laptop has a session" : "the server’s session is confirmed";
}

function courseItem(path, happened) {
  const time = valueElement(story, `${path}.at_text`);
  if (!HANDSHAKE_WORDS[happened.what]) {
    const kind = happened.what === "complete" ? "good" : "bad";
    return html("li", { class: `event ${kind}` }, time, html("span", {}, eventWords(happened)));
  }
  const outcome = happened.outcome === "dropped" ? "reason" : "outcome";
  return html(
    "li",
    { class: happened.outcome === "dropped" ? "bad" : "good" },
    time,
    html("span", {}, html("b", { class: `${happened.by}-text` }, happened.by), " → ", html("b", { class: `${happened.to}-text` }, happened.to)),
    html("span", {}, HANDSHAKE_WORDS[happened.what], happened.spoilt ? ", spoilt" : ""),
    html("span", { class: "hs-outcome" }, happened.outcome === "dropped" ? "✗ " : "✓ ", valueElement(story, `${path}.${outcome}`)),
  );
}

// A long list is folded in its middle.
function courseList(number) {
  const path = `handshake.broken.courses.${number}`;
  const items = storyValue(story, path).map((happened, index) => courseItem(`${path}.${index}`, happened));
  if (items.length <= 12) return [html("ol", { class: "hs-course" }, items)];
  const middle = items.slice(4, -3);
  return [
    html("ol", { class: "hs-course" }, items.slice(0, 4)),
    html("details", {}, html("summary", {}, `${middle.length} more like these`), html("ol", { class: "hs-course" }, middle)),
    html("ol", { class: "hs-course" }, items.slice(-3)),
  ];
}

function endLine(path, result) {
  if (result.works_at === null) return html("p", {}, "It never comes to a working session by itself.");
  return html("p", {}, "Data gets through at ", valueElement(story, `${path}.works_at`), ".");
}

// done: what was done, in words; next: what follows of it.
function showBroken(path, title, done, next) {
  const { status, detail } = handshakeBreaking.parts;
  const result = storyValue(story, path);
  clear(status).append(html("h4", {}, title), done, verdictLine(path, result), answersLine(path, result));
  clear(detail).append(
    html("div", {}, html("h4", {}, `The ${result.by}’s checks`), checkList(result), comparedValues(path, result) || ""),
    html("div", {}, html("h4", {}, "What happens then"), next ? html("p", {}, next) : "", ...courseList(result.course), endLine(path, result)),
  );
}

// A reader who chose something sees what came of it.
function bringIntoView() {
  const { top, bottom } = handshakeBreaking.parts.status.getBoundingClientRect();
  if (top < 0 || bottom > window.innerHeight) handshakeBreaking.parts.status.scrollIntoView({ block: "center" });
}

// ---- flipped bits ----

function flipNote(field, repaired) {
  const key = `${handshakeBreaking.message} ${field.name}`;
  return (repaired && HANDSHAKE_NOTES[`${key} repaired`]) || HANDSHAKE_NOTES[key] || null;
}

function showFlip() {
  const { message, repaired, byte, parts } = handshakeBreaking;
  const path = `handshake.broken.flips.${message}.${byte}`;
  const flip = storyValue(story, path);
  const field = story.handshake.messages[message].fields.find(({ from, to }) => byte >= from && byte < to);
  const note = flipNote(field, repaired);
  parts.grid.update({ marked: [{ at: byte, kind: "bad" }] });
  const done = html(
    "p",
    {},
    `In ${field.title}, `,
    valueElement(story, `${path}.was`),
    " becomes ",
    valueElement(story, `${path}.became`),
    repaired ? ", and mac1 is made right again." : ".",
  );
  showBroken(`${path}.${repaired ? "repaired" : "as_is"}`, `One bit of byte ${flip.byte} flipped`, done, flipNote(field, repaired));
}

function drawFlipGrid() {
  const { message, parts } = handshakeBreaking;
  parts.grid = byteGrid(parts.bytes, {
    bytes: story.handshake.messages[message].bytes,
    value: `handshake.messages.${message}.bytes`,
    fields: handshakeFields(message).map(({ name, from, to, kind }) => ({ name, from, to, kind, link: `flip-${from}` })),
    label: `Bytes of the ${message}: each is a button that flips one of its bits`,
    onPick: (offset) => {
      handshakeBreaking.byte = offset;
      showFlip();
      requestAnimationFrame(bringIntoView);
    },
  });
}

// Buttons of which one is pressed.
function choice(options, chosen, onChoose) {
  const buttons = options.map(([value, words]) =>
    html("button", { type: "button", "aria-pressed": String(value === chosen), onclick: () => {
      buttons.forEach((button, index) => button.setAttribute("aria-pressed", String(options[index][0] === value)));
      onChoose(value);
    } }, words),
  );
  return html("div", { class: "choices" }, buttons);
}

function flipPart() {
  const { parts } = handshakeBreaking;
  parts.bytes = html("div", {});
  const pickMessage = choice([["initiation", "The initiation"], ["response", "The response"]], "initiation", (message) => {
    handshakeBreaking.message = message;
    handshakeBreaking.byte = Math.min(handshakeBreaking.byte, story.handshake.messages[message].length - 1);
    drawFlipGrid();
    showFlip();
  });
  const pickRepair = choice([[false, "mac1 as it is"], [true, "mac1 made right again"]], false, (repaired) => {
    handshakeBreaking.repaired = repaired;
    showFlip();
  });
  return html(
    "div",
    { class: "hs-flips" },
    html("h4", {}, "Flip a bit on the way"),
    html("p", {}, "Pick a message and one of its bytes. Somebody who knows the receiver’s public key can make mac1 right again; choose whether that was done."),
    pickMessage,
    pickRepair,
    parts.bytes,
  );
}

function showCase(one, index) {
  handshakeBreaking.parts.grid.update({ marked: [] });
  showBroken(`handshake.broken.cases.${index}`, one.title, html("p", {}, one.what), one.next);
  requestAnimationFrame(bringIntoView);
}

function casePart() {
  const cases = story.handshake.broken.cases.map((one, index) =>
    html("button", { type: "button", onclick: () => showCase(one, index) }, one.title),
  );
  return html("div", {}, html("h4", {}, "Or break something else"), html("div", { class: "choices" }, cases));
}

// What is chosen to the left, what comes of it to the right; below each other on a phone.
export function handshakeBreakIt(act, element) {
  const { parts } = handshakeBreaking;
  parts.status = element.querySelector("[data-break-result]");
  parts.detail = html("div", {});
  parts.result = html("div", { class: "hs-result" }, parts.status, parts.detail);
  element.querySelector("[data-break-live]").append(html("div", { class: "hs-breaking" }, html("div", {}, flipPart(), casePart()), parts.result));
  drawFlipGrid();
  showFlip();
}
