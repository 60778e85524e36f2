// SPDX-License-Identifier: MIT
//
// Act 1: the handshake. The stage shows, from top to bottom, laptop and server with the message between them;
// the running values of both sides and what each knows; what is computed in this step, with the functions that
// do it; and the message, as far as it is written. All of it follows from the step alone.

import { registerAct, story } from "./frame.js";
import { clear, drawing, html } from "./draw.js";
import { byteGrid } from "./bytes.js";
import { sourceButton } from "./source_panel.js";
import { handshakeColumn, handshakeRow, handshakeRunning } from "./handshake_sides.js";
import { handshakeFly, handshakePicture } from "./handshake_picture.js";
import { handshakeBreakIt } from "./handshake_broken.js";
import { handshakeFields } from "./handshake_message.js";

// What is computed in a step: words, and the function of ours that does it.
const HANDSHAKE_FORMULAS = {
  start: [["C = HASH(construction)", "begin"], ["H = HASH(HASH(C ‖ identifier) ‖ server's public key)", "begin"]],
  e: [["C = KDF₁(C, e)", "mix_key"], ["H = HASH(H ‖ e)", "mix_hash"]],
  es: [["es = DH(laptop's one-time key, server's key)", "exchange_now"], ["C, k = KDF₂(C, es)", "mix_secret"]],
  s: [["sealed = AEAD(k, 0, laptop's public key, H)", "seal_and_hash"], ["H = HASH(H ‖ sealed)", "mix_hash"]],
  ss: [["C, k = KDF₂(C, ss)", "mix_key"]],
  timestamp: [["sealed = AEAD(k, 0, time, H)", "seal_and_hash"], ["H = HASH(H ‖ sealed)", "mix_hash"]],
  mac1: [["mac1 = MAC(HASH(\"mac1----\" ‖ server's public key), all before)", "cookie_add_macs"]],
  mac2: [["mac2 = zeros, as there is no cookie", "cookie_add_macs"]],
  checks: [["mac1 computed = mac1 received?", "cookie_mac1_valid"]],
  who: [["start, e and es again, with the server's private key", "handshake_read_initiations"], ["open the seal with k and H", "open_and_hash"]],
  when: [["ss again, then open the seal", "handshake_read_timestamps"], ["time > the latest of this peer?", "is_fresh"]],
  response_e: [["C = KDF₁(C, e)", "mix_key"], ["H = HASH(H ‖ e)", "mix_hash"]],
  ee: [["ee = DH(server's one-time key, laptop's one-time key)", "multiply"], ["C = KDF₁(C, ee)", "mix_secret"]],
  se: [["se = DH(server's one-time key, laptop's key)", "multiply"], ["C = KDF₁(C, se)", "mix_key"]],
  psk: [["C, τ, k = KDF₃(C, preshared key)", "mix_preshared"], ["H = HASH(H ‖ τ)", "mix_hash"]],
  empty: [["sealed = AEAD(k, 0, nothing, H)", "handshake_create_responses"], ["H = HASH(H ‖ sealed)", "mix_hash"]],
  response_macs: [["mac1 = MAC(HASH(\"mac1----\" ‖ laptop's public key), all before)", "cookie_add_macs"]],
  opens: [["e, ee, se and psk again, with the laptop's private keys", "handshake_consume_response"], ["open the empty seal", "open_and_hash"]],
  keys: [["to server, to laptop = KDF₂(C, nothing)", "handshake_derive_many"]],
  confirm: [["the packet opens: the next keys become the current ones", "keypair_confirm"]],
  load: [["cookie = MAC(secret, address ‖ port)", "make_cookie"], ["sealed = XAEAD(HASH(\"cookie--\" ‖ server's public key), nonce, cookie, mac1)", "cookie_create_reply"]],
  cookie: [["open the cookie with the mac1 that was sent", "cookie_consume_reply"]],
  retry: [["mac2 = MAC(cookie, all before)", "cookie_add_macs"], ["mac2 computed = mac2 received?", "cookie_mac2_valid"]],
};

// The moves after which each side stands at a step. Both are wiped when the session's keys are there.
const HANDSHAKE_LAPTOP_AT = {
  start: "start", e: "e", es: "es", s: "s", ss: "ss", opens: "empty",
};
const HANDSHAKE_SERVER_AT = {
  who: "s", when: "timestamp", response_e: "response_e", ee: "ee", se: "se", psk: "psk", empty: "empty", response_macs: "empty", opens: "empty",
};
const HANDSHAKE_DETOUR = ["load", "cookie", "retry"];

// Which message a step shows, and how much of it, where the story's step does not say.
const HANDSHAKE_MESSAGES = {
  before: { message: "initiation", filled: 0 },
  checks: { fresh: [116, 132] },
  who: { fresh: [8, 88] },
  when: { fresh: [88, 116] },
  opens: { fresh: [8, 60] },
  keys: { message: "response", filled: 92 },
  load: { message: "load.first", fresh: [132, 148], bad: [132, 148] },
  cookie: { message: "load.reply", fresh: [32, 64] },
  retry: { message: "load.second", fresh: [132, 148] },
};

const HANDSHAKE_TITLES = {
  initiation: "The initiation",
  response: "The response",
  data: "The first data",
  "load.first": "The initiation that is refused",
  "load.reply": "The cookie reply",
  "load.second": "The next initiation",
};

const handshakeParts = {};

function toldAt(name) {
  return story.handshake.steps.find((step) => step.name === name);
}

// ---- the sides ----

function laptopMove(step) {
  if (step === "before" || step === "keys" || step === "confirm") return null;
  return HANDSHAKE_LAPTOP_AT[step] ?? "timestamp";
}

function keyRows(side) {
  const own = `handshake.session.${side}`;
  const [toServer, toLaptop] = side === "laptop" ? ["sending", "receiving"] : ["receiving", "sending"];
  return [
    handshakeRow({ name: "to server", path: `${own}.${toServer}`, fresh: true, kind: "laptop" }),
    handshakeRow({ name: "to laptop", path: `${own}.${toLaptop}`, fresh: true, kind: "server" }),
  ];
}

function detourRows(step) {
  const cookie = handshakeRow({ name: "cookie", path: step === "load" ? null : "handshake.load.kept.cookie", fresh: step === "cookie", kind: "secret" });
  return {
    laptop: [cookie],
    server: [
      handshakeRow({ name: "secret", path: "handshake.load.secret", kind: "secret" }),
      handshakeRow({ name: "cookie", path: "handshake.load.cookie", fresh: step === "load", kind: "secret" }),
    ],
  };
}

function sideRows(step, by) {
  if (HANDSHAKE_DETOUR.includes(step)) return detourRows(step);
  if (step === "keys" || step === "confirm") return { laptop: keyRows("laptop"), server: keyRows("server") };
  return {
    laptop: handshakeRunning("laptop", laptopMove(step), by === "laptop"),
    server: handshakeRunning("server", HANDSHAKE_SERVER_AT[step], by === "server"),
  };
}

function drawSides(step, told, by) {
  const rows = sideRows(step, by);
  const part = (side, title) => handshakeColumn(side, title, { rows: rows[side], known: told?.[side], active: by === side });
  clear(handshakeParts.sides).append(
    part("laptop", "The laptop"),
    part("server", "The server"),
    told ? handshakeColumn("between", "Anyone who listens has", { known: told.wire, none: "none of these" }) : "",
  );
}

// ---- what is computed ----

function drawFormulas(step) {
  const formulas = (HANDSHAKE_FORMULAS[step] ?? []).map(([words, source]) =>
    html("li", {}, html("code", { class: "formula" }, words), " ", sourceButton(source, words)),
  );
  clear(handshakeParts.formulas).append(...formulas);
  handshakeParts.formulas.hidden = formulas.length === 0;
}

// ---- the message ----

function messageOf(step, told) {
  const own = HANDSHAKE_MESSAGES[step] ?? {};
  const message = own.message ?? told.message;
  const path = message.startsWith("load.") ? `handshake.${message}` : `handshake.messages.${message}`;
  const bytes = path.split(".").reduce((value, name) => value[name], story).bytes;
  const filled = own.filled ?? (message === told?.message && told.filled > 0 ? told.filled : bytes.length / 2);
  const fresh = own.fresh ?? (told && told.filled > told.from ? [told.from, told.filled] : null);
  return { message, path: `${path}.bytes`, bytes, filled, fresh, bad: own.bad };
}

function drawMessage(step, told) {
  const { message, path, bytes, filled, fresh, bad } = messageOf(step, told);
  const length = bytes.length / 2;
  const marked = bad ? Array.from({ length: bad[1] - bad[0] }, (_, i) => ({ at: bad[0] + i, kind: "bad" })) : [];
  const words = filled === length ? `${length} bytes` : `${filled} of ${length} bytes`;
  handshakeParts.title.textContent = `${HANDSHAKE_TITLES[message]}, ${words}`;
  byteGrid(handshakeParts.message, {
    bytes,
    value: path,
    fields: handshakeFields(message),
    filled,
    fresh: fresh ? { from: fresh[0], to: fresh[1] } : undefined,
    marked,
    label: HANDSHAKE_TITLES[message],
  });
}

// ---- the picture ----

function pictureWords(step, told) {
  if (["keys", "before"].includes(step)) return "";
  const { message, filled, bytes } = messageOf(step, told);
  const name = { initiation: "initiation", response: "response", data: "data", "load.first": "initiation", "load.reply": "cookie reply", "load.second": "initiation" }[message];
  return filled < bytes.length / 2 ? `${name}: ${filled} bytes so far` : `${name}: ${filled} bytes`;
}

function drawPicture(step, told, by) {
  const move = story.handshake.moves[step];
  const keys = move?.laptop ? { keys: move[by], name: step } : null;
  handshakeParts.redraw = (narrow) =>
    handshakePicture({ step, by, keys, words: pictureWords(step, told), sealed: !["start", "e", "es"].includes(step), narrow });
  handshakeParts.picture();
  handshakeFly(handshakeParts.place);
}

function activeSide(step, told) {
  return told?.by ?? { load: "server", cookie: "laptop", retry: "laptop" }[step] ?? null;
}

function handshakeShow(act, { name }) {
  const told = toldAt(name);
  const by = activeSide(name, told);
  drawPicture(name, told, by);
  drawSides(name, told, by);
  drawFormulas(name);
  drawMessage(name, told);
}

function handshakeStart(act) {
  const place = html("div", { class: "hs-picture" });
  Object.assign(handshakeParts, {
    place,
    sides: html("div", { class: "hs-sides" }),
    formulas: html("ul", { class: "hs-formulas" }),
    title: html("h3", { class: "hs-title" }),
    message: html("div", { class: "hs-message" }),
    redraw: () => html("div", {}),
  });
  clear(act.stage).append(place, handshakeParts.sides, handshakeParts.formulas, handshakeParts.title, handshakeParts.message);
  handshakeParts.picture = drawing(place, (narrow) => handshakeParts.redraw(narrow));
}

registerAct("handshake", { start: handshakeStart, show: handshakeShow, breakIt: handshakeBreakIt });
