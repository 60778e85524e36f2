// SPDX-License-Identifier: MIT
//
// The laptop on its way: two places it can be at, the server, the stranger; the line to where the server believes
// the laptop to be, and the datagram of the moment.

import { arrow, drawing, group, html, label, line, machine, picture, verdictSign } from "./draw.js";
import { lifeFilm } from "./life_film.js";
import { sourceButton } from "./source_panel.js";

const ROAMING_PLACES = {
  home: { wide: [110, 70], narrow: [70, 70], words: "at home" },
  away: { wide: [110, 240], narrow: [70, 330], words: "on the train" },
  server: { wide: [600, 110], narrow: [290, 130], words: "server" },
  stranger: { wide: [380, 270], narrow: [270, 300], words: "stranger" },
};

function roamingPlace(roaming, address) {
  return Object.keys(ROAMING_PLACES).find((name) => roaming[name] === address);
}

// What is on the wire in this frame: [from, to, how it ended], or nothing.
function roamingDatagram(roaming, frame) {
  const sends = frame.then.find((one) => one.kind === "sends");
  if (frame.call === "receive") {
    return [frame.from, frame.to, frame.outcome === "dropped" ? "dropped" : "taken"].map((one, i) => (i < 2 ? roamingPlace(roaming, one) : one));
  }
  if (sends) return [roamingPlace(roaming, frame[frame.who].address), roamingPlace(roaming, sends.to), "sent"];
  if (frame.from) return [roamingPlace(roaming, frame.from), roamingPlace(roaming, frame.to), frame.who === "stranger" ? "taken" : "lost"];
  return undefined;
}

// From the edge of one place to the edge of the other.
function roamingArrow(from, to, ended) {
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const length = Math.hypot(dx, dy);
  const [ux, uy] = [dx / length, dy / length];
  const [sx, sy] = [-uy * 9, ux * 9]; /* beside the dotted line */
  const gap = uy < -0.3 ? 88 : 50; /* names stand below */
  const end = [to[0] - ux * gap + sx, to[1] - uy * gap + sy];
  const sign = ended === "dropped" || ended === "lost" ? verdictSign(end[0], end[1], false) : null;
  return group(
    { class: ended === "taken" ? "good" : sign ? "bad" : "" },
    arrow(from[0] + ux * 46 + sx, from[1] + uy * 46 + sy, end[0] - (sign ? ux * 14 : 0), end[1] - (sign ? uy * 14 : 0), {
      class: `line strong${ended === "sent" ? " dashed" : ""}`,
    }),
    sign,
  );
}

function roamingPicture(act, frame, narrow) {
  const { roaming } = act.data;
  const at = (name) => ROAMING_PLACES[name][narrow ? "narrow" : "wide"];
  const laptop = roamingPlace(roaming, frame.laptop.address);
  const believed = frame.server.endpoint && roamingPlace(roaming, frame.server.endpoint);
  const datagram = roamingDatagram(roaming, frame);
  const empty = laptop === "home" ? "away" : "home";
  const name = `The laptop is ${ROAMING_PLACES[laptop].words}. The server sends to ${frame.server.endpoint ?? "nobody yet"}.`;
  return picture(
    narrow ? 360 : 720,
    narrow ? 410 : 350,
    name,
    believed && group({ class: "server" }, line(...at("server"), ...at(believed), { class: "line dotted life-believed" })),
    datagram && roamingArrow(at(datagram[0]), at(datagram[1]), datagram[2]),
    group({ class: "faded" }, machine("network", ...at(empty), ROAMING_PLACES[empty].words, roaming[empty])),
    machine("laptop", ...at(laptop), `laptop, ${ROAMING_PLACES[laptop].words}`, roaming[laptop]),
    machine("server", ...at("server"), "server", roaming.server),
    machine("stranger", ...at("stranger"), "stranger", roaming.stranger),
    label(at("server")[0], at("server")[1] - 52, believed ? "sends to" : "", { class: "label small soft", "text-anchor": "middle" }),
    label(at("server")[0], at("server")[1] - 38, frame.server.endpoint ?? "", { class: "label mono server", "text-anchor": "middle" }),
  );
}

export function lifeRoamingView(act) {
  const map = html("div", { class: "life-map" });
  let draw;
  const film = lifeFilm(act, "roaming.film", "Time of the journey", () => draw?.());
  draw = drawing(map, (narrow) => roamingPicture(act, film.frames[film.index], narrow));
  const sources = html("p", { class: "life-sources" }, "The code: ", sourceButton("note_arrival", "what any authentic packet does"), " ", sourceButton("endpoint_learn", "the endpoint"));
  return { element: html("div", { class: "life-view" }, map, film.element, sources), go: film.show };
}
