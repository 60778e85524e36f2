// SPDX-License-Identifier: MIT
//
// What belongs together lights up together: a byte, its field, the formula that made it, the function in our
// source. All elements with the same word in data-link are one such thing. The pointer over one of them, or the
// focus on it, lights them all.

let litIds = [];

function partnersOf(id) {
  return document.querySelectorAll(`[data-link~="${CSS.escape(id)}"]`);
}

function light(ids) {
  if (ids.join(" ") === litIds.join(" ")) return;
  for (const id of litIds) for (const element of partnersOf(id)) element.classList.remove("lit");
  for (const id of ids) for (const element of partnersOf(id)) element.classList.add("lit");
  litIds = ids;
}

function lightFrom(target) {
  const element = target?.closest?.("[data-link]");
  light(element ? element.dataset.link.split(/\s+/) : []);
}

// Makes the element one of those that light up together under this id (a word). Returns it.
export function linkable(element, id) {
  const ids = new Set((element.dataset.link ?? "").split(/\s+/).filter(Boolean));
  element.dataset.link = [...ids.add(id)].join(" ");
  return element;
}

document.addEventListener("pointerover", (event) => lightFrom(event.target));
document.addEventListener("focusin", (event) => lightFrom(event.target));
document.addEventListener("pointerleave", () => light([]));
