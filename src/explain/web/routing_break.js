// SPDX-License-Identifier: MIT
//
// Act 2's "Break it": three changes, each of which C made to the example and ran again. What came of it stands
// beside what came before.

import { story } from "./frame.js";
import { clear, html } from "./draw.js";
import { storyValue, valueElement } from "./bytes.js";

const ROUTING_BROKEN = "routing.broken";

function routingValue(path, tag = "span") {
  return html(tag, { "data-value": path }, storyValue(story, path));
}

// "delivered", "sent" or "dropped", and why.
function routingOutcome(path) {
  const run = storyValue(story, path);
  const parts = [html("span", { class: `verdict ${run.outcome === "dropped" ? "bad" : "good"}` }, routingValue(`${path}.outcome`))];
  if (run.outcome === "dropped") parts.push(" ", valueElement(story, `${path}.reason`), ": ", routingValue(`${path}.text`), ".");
  return parts;
}

function routingPrefixes(path) {
  return html("ol", { class: "routing-walk" }, storyValue(story, path).steps.map((step, index) =>
    html("li", {}, valueElement(story, `${path}.steps.${index}.prefix`),
      step.contains ? [" matches", step.peer === null ? "; nobody's, only a fork" : [": ", routingValue(`${path}.steps.${index}.peer`, "b")]]
        : " does not match")));
}

// One side of the comparison.
function routingSide(title, ...content) {
  return html("div", {}, html("h4", {}, title), content);
}

function routingDatagram(path) {
  return html("details", {}, html("summary", {}, "The bytes"),
    html("dl", { class: "values" }, html("dt", {}, "the packet inside"), html("dd", {}, valueElement(story, `${path}.packet`)),
      html("dt", {}, "the datagram outside"), html("dd", {}, valueElement(story, `${path}.datagram`))));
}

function routingClaimSide(title, path) {
  const claim = storyValue(story, path);
  return routingSide(title,
    html("p", {}, routingValue(`${path}.sender`, "b"), " says it is ", valueElement(story, `${path}.source`), ", which is ",
      claim.owner === null ? "nobody's" : [routingValue(`${path}.owner`, "b"), "'s"], "."),
    html("p", {}, routingOutcome(path)),
    claim.outcome === "dropped" && html("p", {}, "The server answered with ", valueElement(story, `${path}.answers`), " datagrams: the sender cannot tell that it was refused."),
    routingDatagram(path));
}

function routingWalkSide(title, path) {
  const walk = storyValue(story, path);
  return routingSide(title,
    html("p", {}, "A packet to ", valueElement(story, `${path}.destination`), walk.winner === null ? " finds nobody." : [" finds ", routingValue(`${path}.winner`, "b"), "."]),
    routingPrefixes(path),
    html("p", {}, routingOutcome(path)));
}

const ROUTING_BREAKS = [
  {
    name: "A foreign source address",
    words: ["The laptop's keys are right, and the packet is authentic. Only the address inside is not the laptop's."],
    sides: () => [routingClaimSide("As it should be", `${ROUTING_BROKEN}.foreign_source.honest`), routingClaimSide("Broken", `${ROUTING_BROKEN}.foreign_source.foreign`)],
  },
  {
    name: "A stolen prefix",
    words: ["The laptop's address is given to the printer as well, by a slip in copying. Nothing complains. ",
      "The laptop's packets now go to the printer, and the laptop is not believed any more: it is shut out both ways."],
    sides: () => [
      html("div", {}, routingWalkSide("Before", `${ROUTING_BROKEN}.stolen_prefix.before`), routingClaimSide("The laptop sends", `${ROUTING_BROKEN}.stolen_prefix.claim_before`)),
      html("div", {}, routingWalkSide("Broken", `${ROUTING_BROKEN}.stolen_prefix.after`), routingClaimSide("The laptop sends", `${ROUTING_BROKEN}.stolen_prefix.claim_after`)),
    ],
  },
  {
    name: "A missing route",
    words: ["The gateway loses 0.0.0.0/0. The system still sends packets to wg0, but there is nobody to give them to. ",
      "They are not sent some other way; the program that sent them is told."],
    sides: () => {
      const after = `${ROUTING_BROKEN}.missing_route.after`;
      const icmp = `${after}.icmp`;
      return [routingWalkSide("Before", `${ROUTING_BROKEN}.missing_route.before`),
        html("div", {}, routingWalkSide("Broken", after),
          html("p", {}, "The sender is told: ", routingValue(`${icmp}.protocol`), " type ", valueElement(story, `${icmp}.type`), " code ", valueElement(story, `${icmp}.code`), ", ", routingValue(`${icmp}.says`), "."),
          html("details", {}, html("summary", {}, "The bytes"), html("p", {}, valueElement(story, `${icmp}.bytes`))))];
    },
  },
];

export function routingBreakIt(act, element) {
  const output = html("div", { class: "routing-broken", role: "status", "aria-live": "polite" });
  const buttons = ROUTING_BREAKS.map((one) =>
    html("button", { type: "button", "aria-pressed": "false", onclick: (event) => {
      for (const button of buttons) button.setAttribute("aria-pressed", String(button === event.currentTarget));
      clear(output).append(html("p", {}, one.words), html("div", { class: "routing-sides" }, one.sides()));
    } }, one.name));
  element.append(html("div", { class: "choices" }, buttons), output);
}
