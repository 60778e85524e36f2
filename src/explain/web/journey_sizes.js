// SPDX-License-Identifier: MIT
//
// Act 3's stage for sizes (a packet of any length, in bars against the 1500 bytes of most networks) and for the
// capture file (what is in it, along time).

import { drawing, html, label, line, picture, svg } from "./draw.js";
import { valueElement } from "./bytes.js";

function journeySizeBar(act, words, total, parts) {
  const { ethernet } = act.data.sizes;
  const track = html("div", { class: "track", "aria-hidden": "true" });
  for (const [kind, length] of parts) {
    const span = html("span", { class: kind });
    span.style.setProperty("width", `${(100 * length) / ethernet}%`);
    track.append(span);
  }
  return html("div", { class: "journey-bar" }, html("div", { class: "words" }, html("span", {}, words), html("span", {}, total, " of ", valueElement(act.story, "journey.sizes.ethernet", {}))), track);
}

function drawJourneySizes(act, container, index) {
  const path = `journey.sizes.all.${index}`;
  const [length, padding, datagram] = act.data.sizes.all[index];
  const { header, tag, udp, ipv4, ipv6 } = act.data.sizes;
  const value = (place) => valueElement(act.story, `${path}.${place}`, {});
  const message = [["public", header], ["secret", length], ["good", padding], ["sealed", tag]];
  container.replaceChildren(
    html("p", {}, "A packet of ", value(0), " bytes gets ", value(1), " bytes of zeros. WireGuard’s message has ", value(2), " bytes."),
    journeySizeBar(act, "Over IPv4", value(3), [["plain", ipv4], ["plain", udp], ...message]),
    journeySizeBar(act, "Over IPv6", value(4), [["plain", ipv6], ["plain", udp], ...message]),
  );
  return `${length} bytes inside, ${datagram} in the message`;
}

export function journeySizes(act, panel) {
  const { all } = act.data.sizes;
  const result = html("div", { class: "journey-size", "aria-live": "polite" });
  const slider = html("input", { type: "range", min: 0, max: all.length - 1, value: all.findIndex(([length]) => length === act.data.out.app.length), id: "journey-length" });
  const draw = () => slider.setAttribute("aria-valuetext", drawJourneySizes(act, result, Number(slider.value)));
  slider.addEventListener("input", draw);
  const legend = [["plain", "IP and UDP"], ["public", "WireGuard’s header"], ["secret", "the app’s packet"], ["good", "zeros"], ["sealed", "tag"]];
  panel.append(
    html("p", {}, html("label", { for: "journey-length" }, "How long is the app’s packet?"), slider),
    result,
    html("ul", { class: "journey-legend" }, legend.map(([kind, words]) => html("li", { class: "journey-bar" }, html("span", {}, html("i", { class: kind }), words)))),
  );
  draw();
}

// Who sent what when: every packet of the file a mark on its sender's side; long silences are folded.
function journeyCapturePicture(act, narrow) {
  const { packets } = act.data.capture;
  const width = narrow ? 360 : 640;
  const height = packets.length * 26 + 40;
  const left = narrow ? 78 : 120;
  const right = width - (narrow ? 78 : 120);
  const rows = packets.map((packet, i) => {
    const y = 40 + i * 26;
    const toServer = packet.from === "laptop";
    const [from, to] = toServer ? [left, right] : [right, left];
    const head = toServer ? -7 : 7;
    return svg(
      "g",
      { class: packet.from },
      label(8, y + 4, `${packet.at.toFixed(2)} s`, { class: "label small" }),
      svg("path", { d: `M${from} ${y}H${to}M${to + head} ${y - 4}L${to} ${y}L${to + head} ${y + 4}`, class: "line" }),
      label((left + right) / 2, y - 4, [packet.says, packet.inside && `: ${packet.inside}`], { class: "label small", "text-anchor": "middle" }),
      label(width - 8, y + 4, String(packet.outer_length), { class: "label small", "text-anchor": "end" }),
    );
  });
  return picture(
    width,
    height,
    "",
    label(left, 16, "laptop", { class: "label name laptop", "text-anchor": "middle" }),
    label(right, 16, "server", { class: "label name server", "text-anchor": "middle" }),
    line(left, 24, left, height - 6, { class: "line thin" }),
    line(right, 24, right, height - 6, { class: "line thin" }),
    rows,
  );
}

export function journeyCapture(act, panel) {
  const place = html("div", { class: "journey-chart" });
  panel.append(place);
  drawing(place, (narrow) => journeyCapturePicture(act, narrow));
}
