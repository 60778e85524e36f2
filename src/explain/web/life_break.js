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
  const { frames } = item.film;
  return html(
    "div",
    {},
    html("p", { class: "life-verdict" }, lifeWords(act, `${path}.verdict`)),
    html("p", {}, "Datagrams that the server sent since: ", lifeWords(act, `${path}.answers`, { class: `verdict ${item.answers === 0 ? "" : "good"}` })),
    html("div", { class: "life-list", tabindex: 0, role: "region", "aria-label": "What happened" },
      frames.map((frame, i) => lifeCaption(act, `${path}.film`, frame, i))),
  );
}

function brokenNet(act, index) {
  const view = lifeNetView(act, `misrouted.${index}`);
  const walk = act.data.misrouted[index].walks[0];
  view.walk(0, walk.hops.length - 1);
  return html(
    "div",
    {},
    html("p", { class: "life-verdict" }, lifeWords(act, `misrouted.${index}.walks.0.hops.${walk.hops.length - 1}.words`), ". The laptop hears nothing of it."),
    view.element,
  );
}

// The buttons and the place for what they show.
export function lifeBreak(act, element) {
  const shown = html("div", { class: "life-broken", role: "status", "aria-live": "polite" });
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
          buttons.forEach((button, j) => button.setAttribute("aria-pressed", String(i === j)));
          shown.replaceChildren(make());
        },
      },
      words,
    ),
  );
  element.append(html("div", { class: "choices", role: "group", "aria-label": "Break it" }, buttons), shown);
}
