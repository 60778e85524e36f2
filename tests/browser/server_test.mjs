// SPDX-License-Identifier: MIT
//
// vole explain as a server: on loopback, to who has the address, read-only, and gone when it is told to go.

import assert from "node:assert/strict";
import http from "node:http";
import net from "node:net";
import { after, before, test } from "node:test";
import { explain, launch, serve, visit } from "./harness.mjs";

let server, browser;

before(async () => {
  browser = await launch();
  server = await serve();
});

after(async () => {
  await browser?.close();
  await server?.end();
});

// {status, headers, text} of one request; change: {method, path, host}.
function ask(change = {}) {
  const { hostname, port, pathname } = new URL(server.address);
  const options = { hostname, port, path: change.path ?? pathname, method: change.method ?? "GET", headers: {} };
  if (change.host !== undefined) options.headers.Host = change.host;
  return new Promise((resolve, reject) => {
    http.request(options, (answer) => {
      let text = "";
      answer.on("data", (piece) => { text += piece; });
      answer.on("end", () => resolve({ status: answer.statusCode, headers: answer.headers, text }));
    }).on("error", reject).end(change.body);
  });
}

// What comes back for these bytes.
function raw(bytes) {
  const { hostname, port } = new URL(server.address);
  return new Promise((resolve, reject) => {
    let text = "";
    const client = net.connect({ host: hostname, port }, () => client.end(bytes));
    client.on("data", (piece) => { text += piece; });
    client.on("close", () => resolve(text));
    client.on("error", reject);
  });
}

test("the address is on loopback, with a token that nobody guesses", () => {
  assert.match(server.address, /^http:\/\/127\.0\.0\.1:\d+\/[0-9a-f]{32}\/$/);
});

test("another path, another host name, another method: nothing", async () => {
  const { pathname, port, host } = new URL(server.address);
  assert.equal((await ask()).status, 200);
  for (const path of ["/", pathname.slice(0, -1), `${pathname}x`, `${pathname.slice(0, -2)}g/`, "/favicon.ico",
    pathname.toUpperCase().replace(/[0-9]/g, "F")]) {
    const answer = await ask({ path });
    assert.equal(answer.status, 404, path);
    assert.ok(!answer.text.includes("handshake"));
  }
  for (const name of ["example.org", `example.org:${port}`, "127.0.0.1", `127.0.0.1:${Number(port) ^ 1}`])
    assert.equal((await ask({ host: name })).status, 421, name);
  assert.match(await raw(`GET ${pathname} HTTP/1.0\r\n\r\n`), /^HTTP\/1\.[01] 421 /, "no host name at all");
  assert.equal((await ask({ host })).status, 200);
  assert.equal((await ask({ host: `localhost:${port}` })).status, 200);
  for (const method of ["POST", "PUT", "DELETE", "OPTIONS", "PATCH"])
    assert.equal((await ask({ method })).status, 405, method);
  assert.equal((await ask({ method: "HEAD" })).text, "");
});

test("no other address of this machine serves it", async () => {
  const { port } = new URL(server.address);
  await assert.rejects(new Promise((resolve, reject) => {
    net.connect({ host: "127.0.0.2", port }, resolve).on("error", reject);
  }));
});

test("the policy allows this page's style and script and nothing else", async () => {
  const { headers, text } = await ask();
  const policy = headers["content-security-policy"];
  assert.match(policy, /^default-src 'none'; script-src 'sha256-[^ ;]+'; style-src 'sha256-[^ ;]+'; /);
  assert.ok(!policy.includes("unsafe"));
  for (const [name, value] of Object.entries({ "x-content-type-options": "nosniff", "x-frame-options": "DENY",
    "referrer-policy": "no-referrer", "cache-control": "no-store" }))
    assert.equal(headers[name], value);
  assert.ok(!/<[^>]+ (style|on[a-z]+)=/.test(text.replace(/<script[^]*?<\/script>/g, "")), "inline style or handler");
});

test("fresh keys are other keys each time, and their story can be told again", async () => {
  const stories = [];
  for (let i = 0; i < 2; i++) {
    const { page, close } = await visit(browser, `${server.address}?keys=fresh`);
    stories.push(JSON.parse(await page.$eval("#story", (element) => element.textContent)));
    await close();
  }
  assert.equal(stories[0].mode, "fresh");
  assert.notEqual(stories[0].seed, stories[1].seed);
  assert.notEqual(stories[0].cast.laptop.private_key, stories[1].cast.laptop.private_key);
  const again = JSON.parse(explain("--json", "--seed", stories[0].seed));
  assert.deepEqual({ ...again, served: true }, stories[0]);
});

test("a signal ends it, also when a client stays connected", async () => {
  const other = await serve();
  const { port } = new URL(other.address);
  const client = net.connect({ host: "127.0.0.1", port });
  client.on("error", () => {}); // it may be cut off
  await new Promise((resolve) => client.once("connect", resolve));
  assert.deepEqual(await other.end("SIGHUP"), { status: 0, signal: null });
  client.destroy();
});
