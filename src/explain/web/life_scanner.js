// SPDX-License-Identifier: MIT
//
// The stranger at the server's door, and the tries of a laptop whose server is not there: two lists to look
// through.

import { arrow, clear, drawing, group, html, label, line, machine, picture, svg, verdictSign } from "./draw.js";
import { hexGroups } from "./bytes.js";
import { lifeWords } from "./life_film.js";
import { sourceButton } from "./source_panel.js";

// ---- knocking ----

function knockPicture(scanner, knock, narrow) {
  const width = narrow ? 360 : 720;
  const [left, right] = [narrow ? 60 : 90, width - (narrow ? 60 : 90)];
  const middle = width / 2;
  const heard = knock.heard ? `${knock.answers} datagram, ${knock.answered_bytes} bytes` : "nothing";
  return picture(
    width,
    180,
    `The stranger sends ${knock.title}. He hears ${heard}.`,
    machine("stranger", left, 90, "stranger", scanner.from),
    machine("server", right, 90, "server", scanner.to),
    group({ class: "stranger" }, arrow(left + 46, 76, right - 46, 76, { class: "line strong" })),
    label(middle, 64, `${knock.length} bytes`, { "text-anchor": "middle", class: "label stranger" }),
    knock.heard
      ? group({ class: "server" }, arrow(right - 46, 108, left + 46, 108, { class: "line strong" }))
      : group({ class: "soft" }, line(right - 46, 108, left + 46, 108, { class: "line dotted" })),
    label(middle, 130, `he hears ${heard}`, { "text-anchor": "middle", class: "label soft" }),
    knock.dropped && verdictSign(right - 62, 76, false),
  );
}

export function lifeScannerView(act) {
  const { scanner } = act.data;
  const scene = html("div", { class: "life-scene" });
  const told = html("div", { role: "status", "aria-live": "polite" });
  let shown = 0;
  const draw = drawing(scene, (narrow) => knockPicture(scanner, scanner.knocks[shown], narrow));
  const buttons = scanner.knocks.map((knock, i) =>
    html("button", { type: "button", "aria-pressed": "false", onclick: () => go(i) }, knock.title),
  );

  function go(index) {
    const knock = scanner.knocks[index];
    const at = `scanner.knocks.${index}`;
    shown = index;
    draw();
    buttons.forEach((button, i) => button.setAttribute("aria-pressed", String(i === index)));
    clear(told).append(
      html("p", {}, "He needs ", lifeWords(act, `${at}.needs`), ". Inside, the server counts: ",
        lifeWords(act, `${at}.words`, { class: "bad-text" }), " (", lifeWords(act, `${at}.reason`, { class: "value" }), "). He hears ",
        knock.heard ? [lifeWords(act, `${at}.answers`), " datagram of ", lifeWords(act, `${at}.answered_bytes`), " bytes, a cookie reply."] : "nothing."),
      html("p", { class: "bytes", "data-value": `life.${at}.bytes` }, hexGroups(knock.bytes)),
    );
  }

  const element = html(
    "div",
    { class: "life-view" },
    scene,
    html("div", { class: "choices life-knocks", role: "group", "aria-label": "What the stranger sends" }, buttons),
    told,
  );
  return { element, go };
}

// ---- nobody answers ----

function triesPicture(retries, narrow) {
  const width = narrow ? 360 : 720;
  const scale = (at) => 12 + (at / (retries.gave_up * 1.02)) * (width - 24);
  const marks = narrow ? [0, 50, 100] : [0, 20, 40, 60, 80, 100];
  return picture(
    width,
    150,
    `${retries.transmissions} initiations within ${retries.last_time}, and after ${retries.gave_up_time} the laptop gives up.`,
    retries.tries.map((one) => group(
      { class: "laptop" },
      arrow(scale(one.at), 92, scale(one.at), 38, { class: "line" }),
      (!narrow || one.number % 4 === 1 || one.number === retries.transmissions) &&
        label(scale(one.at), 28, one.number, { "text-anchor": "middle", class: "label small" }),
    )),
    line(12, 96, width - 12, 96, { class: "line" }),
    marks.map((at) => [
      line(scale(at), 96, scale(at), 102, { class: "line thin" }),
      label(scale(at), 118, `${at} s`, { "text-anchor": "middle", class: "label small soft" }),
    ]),
    verdictSign(scale(retries.gave_up), 96, false),
    label(width - 12, 142, `gives up at ${retries.gave_up_time}`, { "text-anchor": "end", class: "label small bad" }),
    svg("path", { d: `M${scale(90)} 88V104`, class: "line dotted" }),
    label(scale(90), 142, narrow ? "" : "the paper’s 90 s", { "text-anchor": "end", class: "label small soft" }),
  );
}

export function lifeRetriesView(act) {
  const { retries } = act.data;
  const scene = html("div", { class: "life-scene" });
  drawing(scene, (narrow) => triesPicture(retries, narrow));
  const rows = retries.tries.map((one, i) => {
    const at = `retries.tries.${i}`;
    return html(
      "tr",
      {},
      html("td", {}, lifeWords(act, `${at}.number`)),
      html("td", { class: "life-when" }, lifeWords(act, `${at}.time`)),
      html("td", { class: "life-when" }, lifeWords(act, `${at}.after`)),
      html("td", {}, lifeWords(act, `${at}.index`, { class: "value" })),
      html("td", {}, html("code", { class: "life-cut", "data-value": `life.${at}.ephemeral` }, one.ephemeral)),
    );
  });
  const head = ["Try", "At", "After", "Index", "Ephemeral key"].map((words) => html("th", { scope: "col" }, words));
  const table = html("table", { class: "life-try-table" }, html("thead", {}, html("tr", {}, head)), html("tbody", {}, rows));
  const element = html(
    "div",
    { class: "life-view" },
    scene,
    html("div", { class: "scrolls", tabindex: 0, role: "region", "aria-label": "All tries" }, table),
    html("p", {}, "Then: ", lifeWords(act, "retries.dropped"), " packets: ", lifeWords(act, "retries.dropped_words"), "."),
    html("p", { class: "life-sources" }, "The code: ", sourceButton("retransmit_expired", "another try"), " ", sourceButton("give_up", "giving up")),
  );
  return { element, go: () => {} };
}
