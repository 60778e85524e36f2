// SPDX-License-Identifier: MIT
//
// Drawing: the few functions every act makes its elements with. html() and svg() make one element with
// attributes and children; the signs (machine, keySign, datagram, arrow) are drawn once here, so that a laptop,
// a secret or a datagram looks the same wherever it stands. Colours and line widths are classes of style.css,
// never numbers here. Nothing in this file knows the story or the acts.

const SVG_NAMESPACE = "http://www.w3.org/2000/svg";

// Gives an element its attributes. A function under "onclick" and the like listens, an object under "style" sets
// properties (style attributes as text are forbidden by the page's policy), true is an attribute without a
// value, and false, null and undefined are none.
function setAttributes(element, attributes) {
  for (const [name, value] of Object.entries(attributes ?? {})) {
    if (value === false || value === null || value === undefined) continue;
    if (typeof value === "function") element.addEventListener(name.replace(/^on/, ""), value);
    else if (name === "style") {
      for (const [property, setting] of Object.entries(value)) element.style.setProperty(property, setting);
    } else element.setAttribute(name, value === true ? "" : String(value));
  }
}

// Children may be nodes, texts, numbers, lists of these; null and false are left out.
function appendChildren(element, children) {
  for (const child of children.flat(Infinity)) {
    if (child === null || child === undefined || child === false) continue;
    element.append(child instanceof Node ? child : String(child));
  }
}

export function html(tag, attributes, ...children) {
  const element = document.createElement(tag);
  setAttributes(element, attributes);
  appendChildren(element, children);
  return element;
}

export function svg(tag, attributes, ...children) {
  const element = document.createElementNS(SVG_NAMESPACE, tag);
  setAttributes(element, attributes);
  appendChildren(element, children);
  return element;
}

// A whole drawing: `name` is what a screen reader says of it; "" when a text beside it says the same.
export function picture(width, height, name, ...children) {
  const attributes = { viewBox: `0 0 ${width} ${height}`, class: "drawing" };
  if (name === "") attributes["aria-hidden"] = "true";
  else Object.assign(attributes, { role: "img", "aria-label": name });
  return svg("svg", attributes, ...children);
}

export function clear(element) {
  element.replaceChildren();
  return element;
}

// Draws into `container` what draw(narrow) returns, and again whenever the container becomes narrow (under 480
// CSS pixels, a phone) or wide, so that letters never shrink with the drawing. Returns a function that redraws.
export function drawing(container, draw) {
  const isNarrow = () => container.clientWidth > 0 && container.clientWidth < 480;
  let narrow = isNarrow();
  const redraw = () => container.replaceChildren(draw(narrow));
  new ResizeObserver(() => {
    if (isNarrow() === narrow) return;
    narrow = isNarrow();
    redraw();
  }).observe(container);
  redraw();
  return redraw;
}

export function motionAllowed() {
  return !window.matchMedia("(prefers-reduced-motion: reduce)").matches;
}

// Moves an element through keyframes (Web Animations) and stays at the last one; who asked for less motion gets
// the last one at once. Resolves when it is there, also when the animation was ended early.
export async function animate(element, keyframes, milliseconds) {
  const motion = element.animate(keyframes, {
    duration: motionAllowed() ? milliseconds : 0,
    easing: "ease-in-out",
    fill: "forwards",
  });
  try {
    await motion.finished;
  } catch {
    // Ended early: whoever ended it draws what comes next.
  }
}

export function group(attributes, ...children) {
  return svg("g", attributes, ...children);
}

// Words in a drawing. Anchored at its start unless told ("text-anchor": "middle").
export function label(x, y, words, attributes) {
  return svg("text", { x, y, class: "label", ...attributes }, words);
}

export function line(x1, y1, x2, y2, attributes) {
  return svg("line", { x1, y1, x2, y2, class: "line", ...attributes });
}

export function box(x, y, width, height, attributes) {
  return svg("rect", { x, y, width, height, rx: 3, class: "box", ...attributes });
}

// A straight arrow from the first point to the second, its head an open angle.
export function arrow(x1, y1, x2, y2, attributes) {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  const barb = (turn) => `${x2 - 9 * Math.cos(angle + turn)} ${y2 - 9 * Math.sin(angle + turn)}`;
  const path = `M${x1} ${y1}L${x2} ${y2}M${barb(0.45)}L${x2} ${y2}L${barb(-0.45)}`;
  return svg("path", { d: path, class: "line", ...attributes });
}

// The outlines of the cast, each in a square of 64 by 64 around the point 0 0.
const OUTLINES = {
  laptop: ["M-22 -20H22V12H-22Z", "M-30 18H30L26 24H-26Z", "M-15 -12H3M-15 -5H9"],
  server: ["M-20 -26H20V-10H-20ZM-20 -8H20V8H-20ZM-20 10H20V26H-20Z", "M-13 -18H-6M-13 0H-6M-13 18H-6"],
  stranger: ["M0 -24A9 9 0 1 0 0.1 -24Z", "M-18 26C-18 4 18 4 18 26Z"],
  app: ["M-22 -20H22V20H-22Z", "M-22 -11H22", "M-12 -1H12M-12 7H4"],
  network: ["M-20 14C-34 12 -30 -6 -18 -6C-16 -22 8 -24 12 -10C26 -12 32 12 18 14Z"],
};

// One of the cast: `kind` is laptop, server, stranger, app or network (also its colour), at its middle x, y; its
// name and a smaller note (an address) stand under it.
export function machine(kind, x, y, name, note) {
  return group(
    { class: `machine ${kind}`, transform: `translate(${x} ${y})` },
    OUTLINES[kind].map((path) => svg("path", { d: path, class: "outline" })),
    name && label(0, 46, name, { "text-anchor": "middle", class: "label name" }),
    note && label(0, 64, note, { "text-anchor": "middle", class: "label note" }),
  );
}

// A key, 30 wide and 14 high, its middle at x, y. `kind` is its colour: secret, public, laptop, server.
export function keySign(x, y, kind) {
  return group(
    { class: `key-sign ${kind}`, transform: `translate(${x} ${y})` },
    svg("circle", { cx: -8, cy: 0, r: 6, class: "outline" }),
    svg("path", { d: "M-2 0H15M10 0V6M15 0V5", class: "outline" }),
  );
}

// A datagram, its middle at x, y: sealed (crossed like an envelope) or open.
export function datagram(x, y, { width = 44, height = 28, sealed = true, kind = "" } = {}) {
  const left = -width / 2;
  const top = -height / 2;
  return group(
    { class: `datagram ${kind} ${sealed ? "sealed" : "open"}`, transform: `translate(${x} ${y})` },
    svg("rect", { x: left, y: top, width, height, rx: 2, class: "outline" }),
    sealed && svg("path", { d: `M${left} ${top}L0 ${height * 0.12}L${-left} ${top}`, class: "outline" }),
  );
}

// A cross or a tick, 16 by 16, its middle at x, y: what was refused and what was taken.
export function verdictSign(x, y, good) {
  const path = good ? "M-8 0L-2 7L9 -8" : "M-7 -7L7 7M7 -7L-7 7";
  return svg("path", { d: path, class: `verdict-sign ${good ? "good" : "bad"}`, transform: `translate(${x} ${y})` });
}
