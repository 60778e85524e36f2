// SPDX-License-Identifier: MIT
//
// The messages of the handshake as the byte grid wants them: fields with their colours and links.

import { story } from "./frame.js";

const HANDSHAKE_KINDS = {
  ephemeral: "public", static: "sealed", timestamp: "sealed", empty: "sealed", packet: "sealed", cookie: "sealed",
  nonce: "plain", mac1: "secret", mac2: "secret",
};
// Whose name an index is.
const HANDSHAKE_INDEX_OWNERS = {
  initiation: { sender: "laptop" },
  response: { sender: "server", receiver: "laptop" },
  data: { receiver: "server" },
  "load.reply": { receiver: "laptop" },
};

// message: "initiation", "response", "data", or "load.first", "load.reply", "load.second".
export function handshakeFields(message) {
  const { messages, load } = story.handshake;
  const of = message.startsWith("load.") ? (message === "load.reply" ? load.reply : messages.initiation) : messages[message];
  const owners = HANDSHAKE_INDEX_OWNERS[message === "load.reply" ? message : message.replace(/^load\..*/, "initiation")];
  return of.fields.map((field) => ({
    name: field.title,
    from: field.from,
    to: field.to,
    formula: field.formula,
    source: field.source,
    kind: owners[field.name] ?? HANDSHAKE_KINDS[field.name] ?? "plain",
    link: `${message.replace(/^load\..*/, "detour")}-${field.name}`,
  }));
}
