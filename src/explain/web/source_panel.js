// SPDX-License-Identifier: MIT
//
// The source panel: shows a function of our own source, as it was compiled, with its file and line. At the side
// of a wide window, at the foot of a narrow one; not modal, so that hovering the bytes lights the function and
// back. What on the page was made by the function is listed above it: all elements with data-source="NAME".

import { clear, html } from "./draw.js";

const sourceTexts = JSON.parse(document.getElementById("sources").textContent);
let sourceOpener = null;

const C_TOKENS = /(\/\*[\s\S]*?\*\/|\/\/[^\n]*)|("(?:[^"\\]|\\.)*")|\b(if|else|for|while|do|return|switch|case|break|continue|goto|sizeof|static|const|struct|enum|void|bool|unsigned|int|char|size_t|u?int\d+_t|true|false|NULL)\b/g;

// Comments, texts and keywords in their colours; everything else as it is.
function colouredC(text) {
  const parts = [];
  let end = 0;
  for (const match of text.matchAll(C_TOKENS)) {
    parts.push(text.slice(end, match.index));
    const kind = match[1] ? "c-comment" : match[2] ? "c-text" : "c-word";
    parts.push(html("span", { class: kind }, match[0]));
    end = match.index + match[0].length;
  }
  parts.push(text.slice(end));
  return parts;
}

function closeSource() {
  const panel = document.getElementById("source-panel");
  if (panel.hidden) return;
  panel.hidden = true;
  document.documentElement.classList.remove("with-source");
  if (sourceOpener?.isConnected) sourceOpener.focus();
  sourceOpener = null;
}

// What the function made, by name, each once; a click leads there.
function madeBy(name) {
  const places = new Map();
  for (const element of document.querySelectorAll(`[data-source="${CSS.escape(name)}"]`)) {
    const words = element.dataset.sourceFor;
    if (words && !places.has(words) && !element.closest("[hidden]")) places.set(words, element);
  }
  const buttons = [...places].map(([words, element]) =>
    html("button", { type: "button", class: "quiet", "data-link": element.closest("[data-link]")?.dataset.link,
      onclick: () => element.scrollIntoView({ block: "center" }) }, words));
  return buttons.length > 0 && html("p", { class: "made" }, "Makes ", buttons);
}

// Whether this function's source is in the page.
export function hasSource(name) {
  return name in sourceTexts;
}

// Opens the panel with the source of a function that sources.txt names.
export function showSource(name) {
  const source = sourceTexts[name];
  const panel = document.getElementById("source-panel");
  if (!source) return;
  if (panel.hidden) sourceOpener = document.activeElement;
  const code = html("pre", { class: "source", tabindex: 0, "aria-label": `Source of ${name}` }, html("code", {}, colouredC(source.text)));
  const title = html("h2", { id: "source-panel-title", tabindex: -1 }, html("code", {}, name));
  clear(panel).append(
    html("header", {}, title, html("button", { type: "button", class: "quiet close", onclick: closeSource }, "Close")),
    html("p", { class: "where" }, `${source.file}, line ${source.line}`),
  );
  const made = madeBy(name);
  if (made) panel.append(made);
  panel.append(code);
  panel.hidden = false;
  document.documentElement.classList.add("with-source");
  title.focus({ preventScroll: true });
}

// A button that opens the source of a function; `made` is what the function makes ("encrypted static").
export function sourceButton(name, made) {
  if (!hasSource(name)) return html("code", { class: "function" }, name);
  return html(
    "button",
    { type: "button", class: "function", "data-source": name, "data-source-for": made, title: `Show the source of ${name}`,
      onclick: () => showSource(name) },
    html("code", {}, name),
  );
}

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closeSource();
});
// In plain fragments: <a data-source="FUNCTION" ...>.
document.addEventListener("click", (event) => {
  const link = event.target.closest?.("a[data-source]");
  if (!link || !hasSource(link.dataset.source)) return;
  event.preventDefault();
  showSource(link.dataset.source);
});
