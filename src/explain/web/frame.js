// SPDX-License-Identifier: MIT
//
// The frame: what all acts have in common. An act registers itself once:
//
//     registerAct("handshake", { start(act), show(act, step, index), breakIt(act, element), pace(step, index) });
//
// start() draws the stage once, show() makes it show a step (it must not matter which step was shown before:
// links lead anywhere), breakIt() fills the part below "Break it" once, pace() says how many milliseconds Play
// rests at a step. Only show() is needed. What they are given:
//
//     act.name, act.element, act.stage   the section, and its [data-stage]
//     act.story, act.data                the whole story, and story[name]
//     act.steps                          [{name, title, element, index}], from the fragment's [data-step]
//     act.index, act.go(index)           the step that is shown, from 0; show another
//     act.say(words)                     a short sentence for screen readers
//
// The frame shows one step at a time and all of them in print, steps by its buttons, the arrow keys and links
// (#handshake.STEP), and keeps the address at the step shown. Whatever handles arrow keys itself says so with
// data-own-keys. The page without this script shows all steps, one below the other.

import { html } from "./draw.js";

export const story = JSON.parse(document.getElementById("story").textContent);

const acts = [];

export function registerAct(name, handlers) {
  acts.push({ name, handlers });
}

// ---- one act ----

const WORD_MILLISECONDS = 240;

// As long as it takes to read the step, without what is folded away.
function readingTime(step) {
  const words = [...step.element.querySelectorAll(":scope > h3, :scope > p")].map((part) => part.textContent);
  const count = words.join(" ").split(/\s+/).length;
  return Math.min(15000, Math.max(3500, count * WORD_MILLISECONDS));
}

function stepsOf(element) {
  return [...element.querySelectorAll("[data-steps] > [data-step]")].map((step, index) => ({
    name: step.dataset.step,
    title: step.querySelector("h3").textContent.trim(),
    element: step,
    index,
  }));
}

function announce(words) {
  document.getElementById("announcer").textContent = words;
}

// What belongs to the act is the act's to get right; a mistake there must not stop the others.
function guarded(act, work) {
  try {
    work();
  } catch (problem) {
    console.error(`${act.name}:`, problem);
  }
}

function showStep(act, index) {
  act.index = index;
  for (const step of act.steps) {
    const current = step.index === index;
    step.element.classList.toggle("current", current);
    if (current) {
      step.element.removeAttribute("hidden");
      step.element.setAttribute("aria-current", "step");
    } else {
      step.element.setAttribute("hidden", "until-found");
      step.element.removeAttribute("aria-current");
    }
  }
  drawControls(act);
  guarded(act, () => act.handlers.show(act, act.steps[index], index));
}

// A reader who had scrolled down through the step before is to see the beginning of this one.
function bringTitleIntoView(act, step) {
  const { top } = step.element.querySelector("h3").getBoundingClientRect();
  const controls = act.controls.element.getBoundingClientRect();
  const above = controls.top < window.innerHeight / 2 ? controls.bottom : 60;
  if (top >= above && top < window.innerHeight - 160) return;
  act.element.querySelector(".act-body").scrollIntoView({ block: "start" });
}

// Goes to a step because somebody asked for it.
function goTo(act, index) {
  const bounded = Math.max(0, Math.min(act.steps.length - 1, index));
  const step = act.steps[bounded];
  if (bounded !== act.index) showStep(act, bounded);
  history.replaceState(null, "", `#${act.name}.${step.name}`);
  if (actInView() === act) bringTitleIntoView(act, step);
  announce(`Step ${bounded + 1} of ${act.steps.length}: ${step.title}`);
}

// ---- the controls of an act ----

const RAIL_COLUMNS = 17;
const PLAY = "Play";
const PAUSE = "Pause";

function stopPlaying(act) {
  clearTimeout(act.timer);
  act.timer = undefined;
  act.controls.play.querySelector("span").textContent = PLAY;
  act.controls.play.classList.remove("playing");
}

function playOn(act) {
  const step = act.steps[act.index];
  const pace = act.handlers.pace?.(step, act.index) ?? readingTime(step);
  act.timer = setTimeout(() => {
    goTo(act, act.index + 1);
    if (act.index + 1 < act.steps.length) playOn(act);
    else stopPlaying(act);
  }, pace);
}

function startPlaying(act) {
  for (const other of acts) if (other.timer) stopPlaying(other);
  if (act.index + 1 === act.steps.length) goTo(act, 0);
  act.controls.play.querySelector("span").textContent = PAUSE;
  act.controls.play.classList.add("playing");
  playOn(act);
}

function goByHand(act, index) {
  if (act.timer) stopPlaying(act);
  goTo(act, index);
}

function makeRail(act) {
  const ticks = act.steps.map((step) =>
    html(
      "a",
      {
        href: `#${act.name}.${step.name}`,
        title: step.title,
        "aria-label": `Step ${step.index + 1}: ${step.title}`,
        onclick: (event) => {
          event.preventDefault();
          goByHand(act, step.index);
        },
      },
      html("span", {}, step.index + 1),
    ),
  );
  act.controls.ticks = ticks;
  // Rows of the same length, where one row is not enough.
  const columns = Math.ceil(ticks.length / Math.ceil(ticks.length / RAIL_COLUMNS));
  const style = { "--columns": Math.max(9, columns), "--steps": Math.max(9, ticks.length) };
  return html("nav", { class: "rail", "aria-label": `Steps: ${act.title}`, style }, ticks);
}

function makeControls(act) {
  const controls = (act.controls = {});
  const button = (name, words, onclick) =>
    (controls[name] = html("button", { type: "button", class: `step-${name}`, onclick }, html("span", {}, words)));
  button("previous", "Previous", () => goByHand(act, act.index - 1));
  button("next", "Next", () => goByHand(act, act.index + 1));
  button("play", PLAY, () => (act.timer ? stopPlaying(act) : startPlaying(act)));
  button("reset", "Reset", () => goByHand(act, 0));
  controls.count = html("p", { class: "step-count", "aria-hidden": "true" });
  controls.element = html(
    "div",
    { class: "controls", role: "group", "aria-label": `Step through: ${act.title}` },
    html("div", { class: "buttons" }, controls.previous, controls.next, controls.play, controls.reset, controls.count),
    makeRail(act),
  );
  act.element.querySelector("[data-steps]").before(controls.element);
}

function drawControls(act) {
  const { previous, next, reset, count, ticks } = act.controls;
  const last = act.steps.length - 1;
  previous.disabled = reset.disabled = act.index === 0;
  next.disabled = act.index === last;
  count.textContent = `${act.index + 1} / ${last + 1}`;
  ticks.forEach((tick, index) => {
    tick.classList.toggle("past", index < act.index);
    if (index === act.index) tick.setAttribute("aria-current", "step");
    else tick.removeAttribute("aria-current");
  });
}

// At the end of an act: the way on, for who reads from top to bottom.
function addWayOn(act) {
  const next = document.querySelector(`#${act.name} ~ section[id]`);
  if (!next) return;
  const title = next.querySelector("h2").textContent.trim();
  act.steps.at(-1).element.append(html("p", { class: "way-on" }, html("a", { href: `#${next.id}` }, title)));
}

function startAct(act) {
  act.element = document.getElementById(act.name);
  if (!act.element) return;
  act.stage = act.element.querySelector("[data-stage]");
  act.story = story;
  act.data = story[act.name];
  act.title = act.element.querySelector("h2").textContent.trim();
  act.steps = stepsOf(act.element);
  act.go = (index) => goByHand(act, index);
  act.say = announce;
  if (act.steps.length === 0) return;
  makeControls(act);
  addWayOn(act);
  for (const step of act.steps) step.element.addEventListener("beforematch", () => goByHand(act, step.index));
  guarded(act, () => act.handlers.start?.(act));
  showStep(act, 0);
  const breaking = act.element.querySelector("[data-break]");
  if (breaking) guarded(act, () => act.handlers.breakIt?.(act, breaking));
}

// ---- keys and links ----

// The act that the reader looks at: the one over the line at two fifths of the window.
function actInView() {
  const line = window.innerHeight * 0.4;
  return acts.find((act) => {
    if (!act.controls) return false;
    const { top, bottom } = act.element.getBoundingClientRect();
    return top <= line && bottom > line;
  });
}

const KEY_MOVES = {
  ArrowRight: (act) => act.index + 1,
  ArrowLeft: (act) => act.index - 1,
  Home: () => 0,
  End: (act) => act.steps.length - 1,
};
const OWN_KEYS = "input, select, textarea, [contenteditable], [role=slider], [data-own-keys], pre[tabindex]";

function onKey(event) {
  const move = KEY_MOVES[event.key];
  if (!move || event.defaultPrevented || event.ctrlKey || event.altKey || event.metaKey || event.shiftKey) return;
  if (event.target.closest?.(OWN_KEYS)) return;
  const act = event.target.closest?.(".act") ? acts.find((one) => one.element?.contains(event.target)) : actInView();
  if (!act?.controls) return;
  event.preventDefault();
  goByHand(act, move(act));
}

// When what was changed just now has its place.
function afterLayout(work) {
  requestAnimationFrame(() => requestAnimationFrame(work));
}

// Shows what the address names, if that is a step, and brings its act into view.
function followAddress() {
  const [name, stepName] = decodeURIComponent(location.hash.slice(1)).split(".");
  const act = acts.find((one) => one.name === name && one.controls);
  const step = act?.steps.find((one) => one.name === stepName);
  if (!step) return;
  goByHand(act, step.index);
  const body = act.element.querySelector(".act-body");
  const align = () => body.scrollIntoView({ behavior: "instant", block: "start" });
  align();
  afterLayout(align);
}

// ---- the rest of the page ----

function markActsInNavigation() {
  const links = new Map([...document.querySelectorAll(".acts a")].map((link) => [link.hash.slice(1), link]));
  const observer = new IntersectionObserver(
    (entries) => {
      for (const { target, isIntersecting } of entries) {
        const link = links.get(target.id);
        if (isIntersecting) link.setAttribute("aria-current", "true");
        else link.removeAttribute("aria-current");
      }
    },
    { rootMargin: "-40% 0px -60% 0px" },
  );
  for (const id of links.keys()) {
    const section = document.getElementById(id);
    if (section) observer.observe(section);
  }
}

// Links between the public seed and fresh keys lead to the step that is shown.
function keepPlaceOverKeys() {
  for (const link of document.querySelectorAll("a[data-keep-hash]")) {
    link.addEventListener("click", () => (link.hash = location.hash));
  }
}

// Commands are copied whole.
function offerCopies() {
  for (const command of document.querySelectorAll("pre.command")) {
    const button = html("button", { type: "button", class: "copy" }, "Copy");
    const words = command.textContent.trim();
    button.addEventListener("click", async () => {
      try {
        await navigator.clipboard.writeText(words);
        button.textContent = "Copied";
      } catch {
        getSelection().selectAllChildren(command);
        button.textContent = "Selected";
      }
      announce(`${button.textContent}.`);
      setTimeout(() => (button.textContent = "Copy"), 2000);
    });
    command.before(button);
  }
  // What is too wide scrolls, by keys as well.
  for (const text of document.querySelectorAll("pre")) text.tabIndex = 0;
}

// What is folded away is unfolded on paper.
function unfoldForPrint() {
  let unfolded = [];
  window.addEventListener("beforeprint", () => {
    unfolded = [...document.querySelectorAll("details:not([open])")];
    for (const details of unfolded) details.open = true;
  });
  window.addEventListener("afterprint", () => {
    for (const details of unfolded) details.open = false;
  });
}

// A stage that is low enough stays in view on a phone, too; one that was ever tall stands below the words there,
// for good, so that the page does not jump.
function watchStageHeights() {
  const observer = new ResizeObserver((entries) => {
    for (const { target } of entries) {
      const part = target.offsetHeight / window.innerHeight;
      if (part > 0.6) target.classList.add("tall");
      target.classList.toggle("low", part < 0.42 && !target.classList.contains("tall"));
      target.classList.toggle("fits", target.offsetHeight < window.innerHeight - 80);
    }
  });
  for (const act of acts) if (act.stage) observer.observe(act.stage);
}

function startPage() {
  document.documentElement.classList.add("live");
  for (const act of acts) startAct(act);
  document.addEventListener("keydown", onKey);
  window.addEventListener("hashchange", followAddress);
  markActsInNavigation();
  keepPlaceOverKeys();
  offerCopies();
  unfoldForPrint();
  watchStageHeights();
  followAddress();
  // The browser scrolls to the step itself once all is loaded; the stage is to be seen, too. Only then may
  // anything glide, or that would end somewhere else.
  window.addEventListener("load", () => {
    setTimeout(() => {
      followAddress();
      afterLayout(() => document.documentElement.classList.add("ready"));
    });
  });
}

// All modules have registered their acts by then.
document.addEventListener("DOMContentLoaded", startPage);
