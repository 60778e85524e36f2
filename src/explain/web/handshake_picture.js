// SPDX-License-Identifier: MIT
//
// The picture on top of act 1's stage: laptop and server, the message between them, and in a Diffie-Hellman the
// two keys that meet.

import { animate, arrow, datagram, group, keySign, label, line, machine, picture, svg } from "./draw.js";

// Where the message is, from 0 at the laptop to 1 at the server, and whether it is being written there.
const HANDSHAKE_PLACES = {
  checks: 1, who: 1, when: 1, response_e: 1, ee: 1, se: 1, psk: 1, empty: 1, response_macs: 1,
  opens: 0, keys: null, before: null, confirm: 1, load: 1, cookie: 0, retry: 1,
};
const HANDSHAKE_WAYS = { checks: 1, opens: -1, confirm: 1, load: 1, cookie: -1, retry: 1 };

// In one line if there is room.
function keysThatMeet(middle, y, keys, name, narrow) {
  const [first, word, second, result] = narrow ? [-84, 0, 84, 0] : [-165, -75, 25, 130];
  const words = (text) => text.replace(" key", "");
  const centred = (kind) => ({ "text-anchor": "middle", class: `label ${kind}` });
  return group(
    {},
    keySign(middle + first, y, "secret"),
    label(middle + first, y + 22, words(keys.private_name), centred("small")),
    label(middle + word, y + 5, "meets", centred("small soft")),
    keySign(middle + second, y, "public"),
    label(middle + second, y + 22, words(keys.public_name), centred("small")),
    label(middle + result, y + (narrow ? 46 : 5), `and gives ${name}`, centred("secret")),
  );
}

function flood(middle, width) {
  const many = Array.from({ length: 9 }, (_, i) => datagram(middle + 26 + i * (width / 30), 88 - i * 4 + (i % 2) * 12, { width: 20, height: 13, kind: "stranger" }));
  return group({}, machine("stranger", middle - 10, 96), many);
}

// The message where it is now; where it came from, if it has just come, is noted for handshakeFly().
function flyingMessage(way, place, left, right, look) {
  const here = datagram(place === 0 ? left : right, 42, look);
  if (way) Object.assign(here.dataset, { from: way === 1 ? left : right, to: way === 1 ? right : left });
  return here;
}

// Lets the message come from the other side, if it has just come.
export function handshakeFly(place) {
  const coming = place.querySelector("[data-from]");
  if (!coming) return;
  const at = (x) => ({ transform: `translate(${x}px, 42px)` });
  animate(coming, [at(coming.dataset.from), at(coming.dataset.to)], 900);
}

// step: its name; by: who makes it; keys: {keys, name} of a Diffie-Hellman, or null; words: what is said of the
// message; sealed: whether something in it is.
export function handshakePicture({ step, by, keys, words, sealed, narrow }) {
  const width = narrow ? 340 : 720;
  const height = keys && narrow ? 168 : ["load", "cookie", "retry"].includes(step) ? 132 : 104;
  const left = narrow ? 36 : 56;
  const right = width - left;
  const place = step in HANDSHAKE_PLACES ? HANDSHAKE_PLACES[step] : 0;
  const from = left + 62;
  const to = right - 62;
  const way = HANDSHAKE_WAYS[step];
  const parts = [
    by && svg("circle", { cx: by === "laptop" ? left : right, cy: 40, r: 38, class: `hs-halo ${by}` }),
    machine("laptop", left, 42, "laptop"),
    machine("server", right, 42, "server"),
    line(from - 16, 42, to + 16, 42, { class: "line thin" }),
    way === 1 && arrow(from - 10, 42, to - 34, 42, { class: "line laptop" }),
    way === -1 && arrow(to + 10, 42, from + 34, 42, { class: "line server" }),
    place !== null && flyingMessage(way, place, from + 4, to - 4, { sealed, kind: by ?? "laptop" }),
    words && label(width / 2, 18, words, { "text-anchor": "middle", class: "label small" }),
    keys && keysThatMeet(width / 2, narrow ? 112 : 72, keys.keys, keys.name, narrow),
    ["load", "retry"].includes(step) && flood(width / 2, width),
    step === "cookie" && machine("stranger", width / 2 - 10, 96),
  ];
  return picture(width, height, "", parts);
}
