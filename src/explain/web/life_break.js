// SPDX-License-Identifier: MIT
//
// What goes wrong in a life: the buttons below the act. Each shows what the real devices did when that was done to
// them.

import { html } from "./draw.js";
import { lifeCaption, lifeWords } from "./life_film.js";
import { lifeNetView } from "./life_net.js";

function brokenFilm(act, index) {
  const path = `broken.${index}`;
  const item = act.data.broken[index];
  const said = html(
    "p",
    {},
    lifeWords(act, `${path}.verdict`),
    " Datagrams that the server sent since: ",
    lifeWords(act, `${path}.answers`, { class: `verdict ${item.answers === 0 ? "" : "good"}` }),
  );
  const frames = item.film.frames.map((frame, i) => lifeCaption(act, `${path}.film`, frame, i));
  return [said, html("div", { class: "life-list", tabindex: 0, role: "region", "aria-label": "What happened" }, frames)];
}

function brokenNet(act, index) {
  const view = lifeNetView(act, `misrouted.${index}`);
  const { hops } = act.data.misrouted[index].walks[0];
  const last = hops.length - 1;
  view.walk(0, last);
  const at = `misrouted.${index}.walks.0.hops.${last}`;
  return [html("p", {}, lifeWords(act, `${at}.at`), ": ", lifeWords(act, `${at}.words`), ". No error comes back to the laptop."), view.element];
}

// The buttons, what is said about the one that was pressed, and what happened in full.
export function lifeBreak(act, element) {
  const said = html("div", { class: "life-verdict", role: "status", "aria-live": "polite" });
  const shown = html("div", { class: "life-broken" });
  const makers = [
    ...act.data.broken.map((item, i) => ({ name: item.name, words: item.button, make: () => brokenFilm(act, i) })),
    ...act.data.misrouted.map((item, i) => ({ name: item.name, words: item.title, make: () => brokenNet(act, i) })),
  ];
  const buttons = makers.map(({ name, words, make }, i) =>
    html(
      "button",
      {
        type: "button",
        "aria-pressed": "false",
        "data-broken": name,
        onclick: () => {
          const [sentence, whole] = make();
          buttons.forEach((button, j) => button.setAttribute("aria-pressed", String(i === j)));
          said.replaceChildren(sentence);
          shown.replaceChildren(whole);
        },
      },
      words,
    ),
  );
  element.append(html("div", { class: "choices", role: "group", "aria-label": "Break it" }, buttons), said, shown);
}
