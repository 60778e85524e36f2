// SPDX-License-Identifier: MIT
//
// Networks of more than two, and a packet that walks through them: where it is, what that place does with it, and
// whose table says so.

import { box, drawing, group, html, label, line, machine, picture, verdictSign } from "./draw.js";
import { hexGroups, storyValue } from "./bytes.js";
import { lifeWords } from "./life_film.js";

// Where the places of each topology stand, wide and narrow; "beyond" is the network behind a place.
const NET_PLACES = {
  point: { laptop: [[130, 110], [70, 110]], server: [[590, 110], [290, 110]] },
  mesh: {
    laptop: [[150, 70], [70, 70]], server: [[570, 70], [290, 70]],
    office: [[570, 260], [290, 290]], phone: [[150, 260], [70, 290]],
  },
  hub: {
    laptop: [[100, 200], [70, 300]], server: [[360, 80], [180, 70]],
    office: [[600, 200], [290, 300]], beyond: [[600, 330], [290, 430]],
  },
  road: { laptop: [[100, 110], [70, 110]], server: [[390, 110], [290, 110]], beyond: [[630, 110], [290, 270]] },
};
const NET_SHAPES = { roaming: "road", hub_without_forwarding: "hub", narrow_spoke: "hub" };

function netSpots(topology, narrow) {
  const shape = NET_PLACES[NET_SHAPES[topology.name] ?? topology.name];
  return (name) => shape[name]?.[narrow ? 1 : 0];
}

function netHeight(topology, narrow) {
  const shape = NET_PLACES[NET_SHAPES[topology.name] ?? topology.name];
  return Math.max(...Object.values(shape).map((spot) => spot[narrow ? 1 : 0][1])) + 90;
}

// Between whom the packet is at this hop: one place, or two while it is on the wire.
function hopPlaces(topology, hop) {
  if (hop.what === "wire") {
    const to = topology.places.find((place) => place.address === hop.to) ?? topology.places.find((place) => place.peers.some((peer) => peer.name === hop.at && peer.endpoint === hop.from));
    return [hop.at, to?.name ?? topology.places.find((place) => place.name !== hop.at).name];
  }
  if (hop.what === "local") return [hop.at, "beyond"];
  return [hop.at];
}

// The way to the network behind begins below the place's name if it leads down.
function behindFrom(spot, name) {
  const [x, y] = spot(name);
  return spot("beyond")[0] === x ? [x, y + 74] : [x, y];
}

function netPicture(topology, hop, narrow) {
  const spot = netSpots(topology, narrow);
  const behind = topology.places.find((place) => place.beyond);
  const pairs = [];
  for (const place of topology.places) {
    for (const peer of place.peers) {
      if (place.name < peer.name) pairs.push([place.name, peer.name]);
    }
  }
  const here = hopPlaces(topology, hop);
  const [first, last] = [spot(here[0]), spot(here.at(-1))];
  const middle = [(first[0] + last[0]) / 2, (first[1] + last[1]) / 2];
  const dropped = hop.what === "dropped";
  const lit = (pair) => hop.what === "wire" && pair.includes(here[0]) && pair.includes(here[1]);
  return picture(
    narrow ? 360 : 720,
    netHeight(topology, narrow),
    `${topology.title}. ${hop.at}: ${hop.words}.`,
    pairs.map((pair) => line(...spot(pair[0]), ...spot(pair[1]), { class: `line life-tunnel${lit(pair) ? " lit-way" : ""}` })),
    behind && line(...behindFrom(spot, behind.name), ...spot("beyond"), { class: `line life-plain-way${hop.what === "local" ? " lit-way" : ""}` }),
    behind && group({ class: "soft" }, machine("network", ...spot("beyond"), behind.beyond, behind.behind)),
    topology.places.map((place) => [
      group({ class: here.includes(place.name) ? "life-here" : "" }, box(spot(place.name)[0] - 44, spot(place.name)[1] - 36, 88, 68, { class: "box life-spot" })),
      machine(place.kind, ...spot(place.name), `${place.name}, ${place.inside}`, place.address),
    ]),
    group(
      { class: `life-packet ${dropped ? "bad" : hop.what === "arrives" || hop.what === "local" ? "good" : ""}` },
      here.length === 2 && hop.what === "wire"
        ? [box(middle[0] - 30, middle[1] - 14, 60, 28, { class: "box life-sealed" }), label(middle[0], middle[1] + 5, "sealed", { class: "label small", "text-anchor": "middle" })]
        : dropped
          ? verdictSign(middle[0], middle[1] - 50, false)
          : [box(middle[0] - 30, middle[1] - 62, 60, 22, { class: "box life-open" }), label(middle[0], middle[1] - 47, "open", { class: "label small", "text-anchor": "middle" })],
    ),
  );
}

function netTable(act, topology, path) {
  const rows = topology.places.flatMap((place, i) =>
    place.peers.map((peer, j) =>
      html(
        "tr",
        {},
        html("td", { class: `${place.kind}-text` }, j === 0 ? place.name : ""),
        html("td", {}, lifeWords(act, `${path}.places.${i}.peers.${j}.name`)),
        html("td", {}, peer.allowed.map((_, k) => [k > 0 && ", ", lifeWords(act, `${path}.places.${i}.peers.${j}.allowed.${k}`, { class: "value" })])),
      ),
    ),
  );
  const head = ["In the file of", "peer", "AllowedIPs"].map((words) => html("th", { scope: "col" }, words));
  return html("div", { class: "scrolls", tabindex: 0, role: "region", "aria-label": "Everybody's peers" },
    html("table", { class: "life-net-table" }, html("thead", {}, html("tr", {}, head)), html("tbody", {}, rows)));
}

function hopWords(act, hop, path) {
  const shown = hop.what === "wire" ? "bytes" : "inner";
  return html(
    "div",
    {},
    html("p", {}, lifeWords(act, `${path}.at`, { class: "life-who" }), ": ", lifeWords(act, `${path}.words`), hop.what === "wire" && [", from ", lifeWords(act, `${path}.from`, { class: "value" }), " to ", lifeWords(act, `${path}.to`, { class: "value" })], "."),
    html("p", { class: "life-note" }, hop.what === "wire" ? "What the network sees:" : `The packet inside, TTL ${hop.ttl}:`),
    html("p", { class: `bytes ${hop.what === "wire" ? "" : "secret-text"}`, "data-value": `life.${path}.${shown}` }, hexGroups(hop[shown])),
  );
}

// The topology at `path` in the story; go() starts its first walk. Also used for those that are broken.
export function lifeNetView(act, path) {
  const topology = storyValue(act.data, path);
  const scene = html("div", { class: "life-scene" });
  const told = html("div", { class: "life-hop" });
  const list = html("ol", { class: "life-hops" });
  const state = { walk: 0, hop: 0 };
  const hops = () => topology.walks[state.walk].hops;
  const draw = drawing(scene, (narrow) => netPicture(topology, hops()[state.hop], narrow));
  const range = html("input", { type: "range", class: "life-range", min: 1, step: 1, "aria-label": "Where the packet is" });
  const choices = topology.walks.map((walk, i) => html("button", { type: "button", onclick: () => go(i, 0) }, walk.title));
  const back = html("button", { type: "button", onclick: () => go(state.walk, state.hop - 1) }, "Back");
  const on = html("button", { type: "button", onclick: () => go(state.walk, state.hop + 1) }, "On");

  function go(walk, hop) {
    Object.assign(state, { walk, hop });
    const current = hops()[hop];
    range.max = String(hops().length);
    range.value = String(hop + 1);
    range.setAttribute("aria-valuetext", `${hop + 1} of ${hops().length}, ${current.at}: ${current.words}`);
    choices.forEach((choice, i) => choice.setAttribute("aria-pressed", String(i === walk)));
    back.disabled = hop === 0;
    on.disabled = hop === hops().length - 1;
    draw();
    told.replaceChildren(hopWords(act, current, `${path}.walks.${walk}.hops.${hop}`));
    list.replaceChildren(...hops().map((one, i) => html("li", { class: i === hop ? "here" : i < hop ? "past" : "" }, `${one.at}: ${one.words}`)));
  }

  range.addEventListener("input", () => go(state.walk, Number(range.value) - 1));
  const element = html(
    "div",
    { class: "life-view" },
    html("div", { class: "choices", role: "group", "aria-label": "Which packet" }, choices),
    scene,
    html("div", { class: "life-film-slider" }, range, html("div", { class: "life-film-buttons" }, back, on)),
    told,
    list,
    netTable(act, topology, path),
  );
  return { element, go: () => go(0, 0), walk: go };
}
