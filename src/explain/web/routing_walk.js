// SPDX-License-Identifier: MIT
//
// Looking an address up in the trie that the story holds (routing_act.h, TRIE): the same steps as the C code's
// lookup, on the very nodes that it exported, so that any address can be tried without asking anybody. A test
// compares the two for ten thousand addresses. Nothing here touches the page.
//
// Addresses are lists of 4 or 16 numbers, most significant first, as bytes in the story are in hexadecimal.

// One group of an IPv6 address, or null.
function routingGroup(text) {
  return /^[0-9a-f]{1,4}$/i.test(text) ? parseInt(text, 16) : null;
}

function routingParseIPv4(text) {
  const parts = text.split(".");
  const bytes = parts.map((part) => (/^(0|[1-9][0-9]{0,2})$/.test(part) ? Number(part) : 256));
  return parts.length === 4 && bytes.every((byte) => byte < 256) ? bytes : null;
}

// The groups of one side of "::"; at the very end, an IPv4 address stands for two.
function routingGroups(text, isEnd) {
  if (text === "") return [];
  const parts = text.split(":");
  return parts.flatMap((part, index) => {
    const v4 = isEnd && index === parts.length - 1 ? routingParseIPv4(part) : null;
    return v4 ? [v4[0] * 256 + v4[1], v4[2] * 256 + v4[3]] : [routingGroup(part)];
  });
}

function routingParseIPv6(text) {
  const sides = text.split("::");
  if (sides.length > 2) return null;
  const [head, tail] = sides.map((side, index) => routingGroups(side, index === sides.length - 1));
  const missing = 8 - head.length - (tail?.length ?? 0);
  if (tail ? missing < 1 : missing !== 0) return null;
  const groups = tail ? [...head, ...Array(missing).fill(0), ...tail] : head;
  if (groups.some((group) => group === null)) return null;
  return groups.flatMap((group) => [group >> 8, group & 255]);
}

// {family, bytes}, or null: the text is no address.
export function routingParse(text) {
  const words = text.trim();
  const bytes = words.includes(":") ? routingParseIPv6(words) : routingParseIPv4(words);
  return bytes && { family: bytes.length === 4 ? 4 : 6, bytes };
}

export function routingBytes(hex) {
  return hex.match(/../g).map((pair) => parseInt(pair, 16));
}

// Bit number position, counted from 0.
export function routingBit(bytes, position) {
  return (bytes[position >> 3] >> (7 - (position & 7))) & 1;
}

// How many leading bits are the same, at most limit.
export function routingEqualBits(a, b, limit) {
  let same = 0;
  while (same < limit && routingBit(a, same) === routingBit(b, same)) same++;
  return same;
}

// Walks down the trie: {steps: [{node, contains, equal, next, below}], winner: the node whose peer it is, or
// null}. next and below are only there if the walk could go on; below is null where nothing hangs.
export function routingWalk(trie, bytes) {
  const steps = [];
  let winner = null;
  let at = trie.nodes.length > 0 ? 0 : null;
  while (at !== null) {
    const node = trie.nodes[at];
    const equal = routingEqualBits(routingBytes(node.bytes), bytes, node.length);
    const step = { node: at, contains: equal === node.length, equal };
    steps.push(step);
    if (!step.contains) break;
    if (node.peer !== null) winner = at;
    if (node.length === trie.bits) break;
    step.next = routingBit(bytes, node.length);
    step.below = node.children[step.next];
    at = step.below;
  }
  return { steps, winner };
}

// The first digits of an address that hold length bits: binary for IPv4, hexadecimal for IPv6.
export function routingDigits(bytes, length) {
  const digits = [];
  if (bytes.length === 4) for (let i = 0; i < length; i++) digits.push(String(routingBit(bytes, i)));
  else for (let i = 0; i < length; i += 4) digits.push(((bytes[i >> 3] >> (i & 4 ? 0 : 4)) & 15).toString(16));
  return digits;
}
