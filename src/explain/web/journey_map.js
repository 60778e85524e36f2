// SPDX-License-Identifier: MIT
//
// Act 3's map: the parts that a packet passes on both machines and the internet between them, with the road that
// it takes. Where the parts stand is said twice, for wide windows and for phones; the server is the laptop's
// mirror image. Stops on the road are named; a packet stands at one of them.

import { animate, box, group, label, line, machine, motionAllowed, picture, svg } from "./draw.js";

// Middle x, y, width and height of the laptop's parts; the road's stops, named, with the bends between them.
const JOURNEY_WIDE = {
  width: 780,
  height: 336,
  host: [10, 28, 236, 300],
  mirror: ([x, y]) => [780 - x, y],
  parts: {
    app: { at: [76, 70, 106, 50], words: "app" },
    kernel: { at: [128, 148, 218, 50], words: "kernel: routes, UDP" },
    table: { at: [76, 228, 104, 46], words: "allowed IPs" },
    session: { at: [76, 290, 104, 50], words: "session, keys" },
    nic: { at: [196, 290, 82, 50], words: "eth0" },
  },
  inner: [16, 196, 120, 128, "wg0"],
  road: [["app", 76, 78], ["kernel", 76, 156], ["table", 76, 236], ["session", 76, 298], [null, 150, 298], ["udp", 150, 156], [null, 196, 156], ["nic", 196, 298]],
  net: [390, 298],
  cloud: [390, 290, 200, 84],
  names: { laptop: [128, 18], server: [652, 18] },
};
const JOURNEY_NARROW = {
  width: 360,
  height: 470,
  host: [4, 24, 352, 150],
  mirror: ([x, y]) => [x, 470 - y],
  parts: {
    app: { at: [54, 62, 84, 48], words: "app" },
    kernel: { at: [226, 62, 240, 48], words: "kernel: routes, UDP" },
    table: { at: [126, 136, 92, 48], words: "allowed IPs" },
    session: { at: [226, 136, 92, 48], words: "session" },
    nic: { at: [314, 136, 64, 48], words: "eth0" },
  },
  inner: [76, 104, 200, 64, ""],
  road: [["app", 54, 70], ["kernel", 126, 70], ["table", 126, 144], ["session", 226, 144], [null, 226, 106], ["udp", 226, 70], [null, 314, 70], ["nic", 314, 144]],
  net: [314, 235],
  cloud: [180, 235, 330, 74],
  names: { laptop: [180, 16], server: [180, 466] },
};

// The whole road there: [stop or null, x, y], stops as "laptop.app" ... "net" ... "server.app".
function journeyRoad(place) {
  const there = place.road.map(([stop, x, y]) => [stop && `laptop.${stop}`, x, y]);
  const beyond = place.road.map(([stop, x, y]) => [stop && `server.${stop}`, ...mirroredStop(place, x, y)]).reverse();
  return [...there, ["net", ...place.net], ...beyond];
}

// Packets stand in the lower half of a part; mirrored upside down, they would stand in the upper.
function mirroredStop(place, x, y) {
  const [mirrorX, mirrorY] = place.mirror([x, y]);
  return [mirrorX, place === JOURNEY_NARROW ? mirrorY + 16 : mirrorY];
}

const roadPath = (points) => `M${points.map(([, x, y]) => `${x} ${y}`).join("L")}`;

function journeyPart(place, host, name, { at: [x, y, width, height], words }) {
  const [middleX, middleY] = host === "server" ? place.mirror([x, y]) : [x, y];
  return group(
    { class: "part", "data-part": `${host}.${name}` },
    box(middleX - width / 2, middleY - height / 2, width, height),
    label(middleX, middleY - 7, words, { "text-anchor": "middle" }),
  );
}

function journeyFrame(place, host, [x, y, width, height], className) {
  const [left, top] = host === "server" ? place.mirror([x + width, y]) : [x, y];
  const flipped = host === "server" && place === JOURNEY_NARROW;
  return svg("rect", { x: flipped ? x : left, y: flipped ? place.height - y - height : top, width, height, rx: 4, class: className });
}

// Somebody who looks at what passes; over the internet, whose upper edge is there.
function journeyStranger(x, edge) {
  return group({ class: "stranger watcher" }, machine("stranger", x, edge - 116, "everybody in between"), line(x, edge - 56, x, edge - 4, { class: "line dotted" }));
}

// The road leads over the machine, and under its parts.
function journeyHost(place, host) {
  return group({ class: host }, journeyFrame(place, host, place.host, "frame"), journeyFrame(place, host, place.inner, "inner"));
}

function journeyParts(place, host, address) {
  const [nameX, nameY] = place.names[host];
  const [x, y, , , words] = place.inner;
  const [innerX, innerY] = host === "server" ? place.mirror([x + 6, y - 5]) : [x + 6, y - 5];
  return group(
    { class: host },
    label(nameX, nameY, [svg("tspan", { class: "label name" }, `${host} `), svg("tspan", { class: "label note" }, address)], { "text-anchor": "middle" }),
    words && label(innerX, innerY, words, { class: "label small", "text-anchor": host === "server" ? "end" : "start" }),
    Object.entries(place.parts).map(([name, one]) => journeyPart(place, host, name, one)),
  );
}

// A packet as a little bar, its fields side by side, as long as they are.
function journeyGlyph(stage) {
  const scale = Math.min(0.52, 60 / stage.length);
  const width = stage.length * scale;
  let x = -width / 2;
  const parts = stage.fields.map((field) => {
    const length = (field.to - field.from) * scale;
    const rect = svg("rect", { x, y: -6, width: length, height: 12, class: field.kind });
    x += length;
    return rect;
  });
  return group({ class: "journey-packet" }, svg("rect", { x: -width / 2 - 3, y: -9, width: width + 6, height: 18, rx: 3, class: "halo" }), parts);
}

// Draws the map. Returns { element, show({ stop, from, stage, wasAt }) }: the packet of that stage stands at the
// stop, having begun at `from`; it moves there from the stop wasAt, if that is given.
export function journeyMap(narrow, addresses) {
  const place = narrow ? JOURNEY_NARROW : JOURNEY_WIDE;
  const road = journeyRoad(place);
  const travelled = svg("path", { class: "travelled" });
  const [cloudX, cloudY, cloudWidth, cloudHeight] = place.cloud;
  const cloud = svg("rect", { x: cloudX - cloudWidth / 2, y: cloudY - cloudHeight / 2, width: cloudWidth, height: cloudHeight, rx: cloudHeight / 2, class: "cloud", "data-part": "net" });
  const holder = group({});
  const element = picture(
    place.width,
    place.height,
    "",
    cloud,
    journeyHost(place, "laptop"),
    journeyHost(place, "server"),
    svg("path", { d: roadPath(road), class: "road" }),
    travelled,
    !narrow && journeyStranger(cloudX, cloudY - cloudHeight / 2),
    label(cloudX, narrow ? cloudY + 5 : cloudY - 18, "the internet", { class: "label name", "text-anchor": "middle" }),
    journeyParts(place, "laptop", addresses.laptop),
    journeyParts(place, "server", addresses.server),
    holder,
  );
  element.classList.add("journey-map");
  const placeOf = (stop) => road.findIndex(([name]) => name === stop);

  function light(first, last, here) {
    element.querySelector(".watcher")?.classList.toggle("here", here === "net");
    const passed = new Set(road.slice(Math.min(first, last), Math.max(first, last) + 1).map(([name]) => partOfStop(name)));
    for (const one of element.querySelectorAll("[data-part]")) {
      one.classList.toggle("here", one.dataset.part === partOfStop(here));
      one.classList.toggle("passed", passed.has(one.dataset.part));
    }
  }

  function move(glyph, wasAt, at) {
    const points = at >= wasAt ? road.slice(wasAt, at + 1) : road.slice(at, wasAt + 1).reverse();
    const lengths = points.map(([, x, y], i) => (i === 0 ? 0 : Math.hypot(x - points[i - 1][1], y - points[i - 1][2])));
    const total = lengths.reduce((sum, one) => sum + one, 0);
    let gone = 0;
    const frames = points.map(([, x, y], i) => ({ transform: `translate(${x}px, ${y}px)`, offset: Math.min(1, (gone += lengths[i]) / total) }));
    return animate(glyph, frames, Math.min(6000, 350 + total * 3));
  }

  return {
    element,
    show({ stop, from, stage, wasAt }) {
      const at = placeOf(stop);
      const began = placeOf(from);
      holder.replaceChildren();
      light(began, at, stop);
      const passed = at >= began ? road.slice(began, at + 1) : road.slice(at, began + 1);
      travelled.setAttribute("d", passed.length > 1 ? roadPath(passed) : "");
      if (!stage) return;
      const glyph = journeyGlyph(stage);
      glyph.setAttribute("transform", `translate(${road[at][1]} ${road[at][2]})`);
      holder.append(glyph);
      if (wasAt && wasAt !== stop && motionAllowed()) move(glyph, placeOf(wasAt), at);
    },
    stops: road.map(([name]) => name).filter(Boolean),
  };
}

// The part that a stop is in: the second pass through the kernel is the kernel's.
function partOfStop(stop) {
  return stop && stop.replace(/\.udp$/, ".kernel");
}
