// SPDX-License-Identifier: MIT
//
// A film of calls (life_film.h) and the slider to go through it. The slider's way is time, but drawn so that
// what happens within milliseconds can be told apart: each event has its width, and waiting adds to it, long
// waiting less and less. Arrow keys go from event to event, Page Up and Page Down to the great ones.

import { html } from "./draw.js";
import { storyValue } from "./bytes.js";

// Words of this act's story, at a path in it, as the page's tests find them.
export function lifeWords(act, path, attributes) {
  return html("span", { "data-value": `life.${path}`, ...attributes }, String(storyValue(act.data, path)));
}

// Where each frame stands between 0 and 1, and any moment between them.
export function lifeAxis(frames) {
  const widths = frames.map((frame, i) => (i === 0 ? 0 : 1 + Math.log2(1 + 4 * (frame.at - frames[i - 1].at)) * 0.55));
  const total = widths.reduce((sum, width) => sum + width, 0);
  let reached = 0;
  const places = widths.map((width) => (reached += width) / total);
  const placeOf = (at) => {
    const next = frames.findIndex((frame) => frame.at >= at);
    if (next < 0) return 1;
    if (next === 0 || frames[next].at === at) return places[next];
    const share = (at - frames[next - 1].at) / (frames[next].at - frames[next - 1].at);
    return places[next - 1] + share * (places[next] - places[next - 1]);
  };
  return { places, placeOf };
}

function nearestTo(places, place) {
  let best = 0;
  places.forEach((one, i) => {
    if (Math.abs(one - place) < Math.abs(places[best] - place)) best = i;
  });
  return best;
}

function frameAfterKey(frames, index, key) {
  const great = frames.map((frame, i) => (frame.mark ? i : -1)).filter((i) => i >= 0);
  const moves = {
    ArrowRight: index + 1,
    ArrowUp: index + 1,
    ArrowLeft: index - 1,
    ArrowDown: index - 1,
    Home: 0,
    End: frames.length - 1,
    PageUp: great.find((i) => i > index) ?? frames.length - 1,
    PageDown: great.findLast((i) => i < index) ?? 0,
  };
  const next = moves[key];
  return next === undefined ? undefined : Math.max(0, Math.min(frames.length - 1, next));
}

// Who, what, and what came of it.
export function lifeCaption(act, path, frame, index) {
  const at = `${path}.frames.${index}`;
  return html(
    "div",
    { class: "life-caption" },
    html(
      "p",
      {},
      lifeWords(act, `${at}.time`, { class: "life-when" }),
      " ",
      lifeWords(act, `${at}.who`, { class: `life-who ${frame.who}` }),
      " ",
      lifeWords(act, `${at}.title`),
      frame.outcome_words && ": ",
      frame.outcome_words && lifeWords(act, `${at}.outcome_words`, { class: frame.outcome === "dropped" ? "bad-text" : "good-text" }),
    ),
    frame.then.length > 0 &&
      html("ul", { class: "life-then" }, frame.then.map((one, i) => html("li", {}, lifeWords(act, `${at}.then.${i}.words`)))),
  );
}

// The slider of the film at `path`. onShow(frame, index) draws what belongs to it.
export function lifeFilm(act, path, label, onShow) {
  const { frames } = storyValue(act.data, path);
  const axis = lifeAxis(frames);
  const caption = html("div", { class: "life-captions" });
  const range = html("input", { type: "range", class: "life-range", min: 0, max: 1, step: "any", "aria-label": label });
  const count = html("span", { class: "life-count" });
  const earlier = html("button", { type: "button", onclick: () => show(film.index - 1) }, "Earlier");
  const later = html("button", { type: "button", onclick: () => show(film.index + 1) }, "Later");
  const element = html("div", { class: "life-film-slider" }, range, html("div", { class: "life-film-buttons" }, earlier, later, count), caption);
  const film = { element, frames, axis, range, index: 0, show };

  function show(index) {
    const frame = frames[index];
    if (!frame) return;
    film.index = index;
    range.value = String(axis.places[index]);
    range.setAttribute("aria-valuetext", `${frame.time}, ${frame.who}: ${frame.title}`);
    count.textContent = `event ${index + 1} of ${frames.length}`;
    earlier.disabled = index === 0;
    later.disabled = index === frames.length - 1;
    caption.replaceChildren(lifeCaption(act, path, frame, index));
    onShow(frame, index, film);
  }

  range.addEventListener("input", () => show(nearestTo(axis.places, Number(range.value))));
  range.addEventListener("keydown", (event) => {
    const next = frameAfterKey(frames, film.index, event.key);
    if (next === undefined || event.ctrlKey || event.altKey || event.metaKey) return;
    event.preventDefault();
    show(next);
  });
  return film;
}

// The number of the frame with this mark, from 0.
export function lifeMark(act, path, mark) {
  return storyValue(act.data, `${path}.marks`)[mark].number - 1;
}
