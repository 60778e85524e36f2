// SPDX-License-Identifier: MIT
//
// Words of the glossary where they stand: a click on a dotted word (or Enter) shows its explanation beside it
// instead of leaving the place. Escape, or a click anywhere else, puts it away; a link in it leads to the
// glossary itself. Without this script the words are plain links to the glossary.

import { html } from "./draw.js";

let openTip = null;

function closeTip(giveFocusBack) {
  if (!openTip) return;
  const { tip, term } = openTip;
  openTip = null;
  tip.remove();
  term.setAttribute("aria-expanded", "false");
  if (giveFocusBack) term.focus();
}

// Below the word, within the window.
function placeTip(tip, term) {
  const word = term.getBoundingClientRect();
  const room = document.documentElement.clientWidth - tip.offsetWidth - 12;
  tip.style.setProperty("left", `${Math.max(12, Math.min(word.left - 12, room)) + window.scrollX}px`);
  tip.style.setProperty("top", `${word.bottom + 8 + window.scrollY}px`);
}

function openTermTip(term, entry) {
  const explanation = entry.nextElementSibling.cloneNode(true);
  const tip = html(
    "div",
    { class: "tip", role: "dialog", "aria-label": entry.textContent.trim(), tabindex: -1 },
    html("p", { class: "tip-word" }, entry.textContent.trim()),
    [...explanation.childNodes],
    html("p", { class: "tip-more" }, html("a", { href: term.getAttribute("href"), onclick: () => closeTip(false) }, "In the glossary")),
  );
  document.body.append(tip);
  placeTip(tip, term);
  openTip = { tip, term };
  term.setAttribute("aria-expanded", "true");
  tip.focus({ preventScroll: true });
}

function onTermClick(event) {
  const term = event.target.closest?.("a.term");
  if (term && !openTip?.tip.contains(term)) {
    const entry = document.getElementById(term.hash.slice(1));
    if (entry?.nextElementSibling && !event.ctrlKey && !event.metaKey && !event.shiftKey) {
      event.preventDefault();
      const again = openTip?.term === term;
      closeTip(false);
      if (!again) openTermTip(term, entry);
      return;
    }
  }
  if (openTip && !openTip.tip.contains(event.target)) closeTip(false);
}

document.addEventListener("click", onTermClick);
document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && openTip) {
    event.stopImmediatePropagation();
    closeTip(true);
  }
});
