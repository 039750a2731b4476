// HTTP beyond loopback: connections that never ask anything cost a bounded number of descriptors for a
// bounded time, and those that are in use go on.
import { equal, ok } from "node:assert/strict";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { eventually, within } from "../support/eventually.ts";
import { readToEnd } from "../support/hostile_input.ts";
import { rawHttp } from "../support/raw_http.ts";
import { connectRaw } from "../support/raw_peer.ts";

const EVERYWHERE = ["--http-address", "0.0.0.0:0", "--insecure"];

Deno.test("HttpFront cuts connections that begin a request and do not end it, and none that is in use", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path, [...EVERYWHERE, "--request-timeout", "200ms"]);
  await using inUse = await connectRaw(daemon, "websocket");
  const slow = await Promise.all(
    ["", "GET /v1/status HTTP/1.1\r\nHost: loc", "POST /v1/status HTTP/1.1\r\n"].map(async (begun) => {
      const socket = await Deno.connect({ port: daemon.httpPort });
      await socket.write(new TextEncoder().encode(begun));
      return socket;
    }),
  );
  const trickle = setInterval(() => {
    // Whoever is cut off in the middle is what this is about.
    for (const socket of slow) void socket.write(new TextEncoder().encode("x")).catch(() => {});
  }, 50);
  const ends = slow.map((socket) => readToEnd(socket));
  for (const end of ends) equal(await within("a cut", end), "");
  clearInterval(trickle);
  for (const socket of slow) socket.close();
  equal((await inUse.ask({ id: 2, op: "acquire", name: "a" })).ok, true);
  equal((await rawHttp(daemon.httpPort, ["GET /v1/status HTTP/1.1", "Host: localhost"])).status, 200);
});

Deno.test("HttpFront takes as many connections from an address as it may, and more when some have ended", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path, [...EVERYWHERE, "--connections-per-address-max", "2"]);
  const open = () => Deno.connect({ port: daemon.httpPort });
  const [one, two] = [await open(), await open()];
  const ask = () => rawHttp(daemon.httpPort, ["GET /v1/status HTTP/1.1", "Host: localhost"]);
  // Both are known once each was answered something.
  await eventually("two are in", async () => (await ask()).status === 0);
  one.close();
  const { status, text } = await eventually("there is room again", async () => {
    const answer = await ask();
    return answer.status === 0 ? undefined : answer;
  });
  equal(status, 200, text);
  two.close();
});

Deno.test("HttpFront passes requests and answers on as they are, small and large", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path, EVERYWHERE);
  const large = await rawHttp(daemon.httpPort, [
    "POST /nowhere HTTP/1.1",
    "Host: localhost",
    "Content-Type: application/json",
  ], "x".repeat(1_000_000));
  equal(large.status, 404);
  const pages = await Promise.all(
    Array.from(
      { length: 20 },
      () => rawHttp(daemon.httpPort, ["GET /v1/status HTTP/1.1", "Host: localhost"]),
    ),
  );
  for (const { status, text } of pages) {
    equal(status, 200);
    ok(JSON.parse(text.slice(text.indexOf("\r\n\r\n"))).uptime >= 0);
  }
});

Deno.test("[P-61] a connection above connectionsPerAddressMax is told so, and closed", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path, ["--connections-per-address-max", "2"]);
  for (const transport of ["tcp", "websocket"] as const) {
    await using first = await connectRaw(daemon, transport);
    await using second = await connectRaw(daemon, transport);
    await using third = await connectRaw(daemon, transport, { hello: false });
    const refused = await third.hear();
    equal(refused.error.code, "LIMIT");
    ok(refused.error.message.includes("connectionsPerAddressMax"));
    equal(await third.hear(), undefined);
    equal((await first.ask({ id: 2, op: "ping" })).ok, true);
    for (const peer of [first, second, third]) peer.end();
    await eventually("they are gone", async () => {
      await using probe = await connectRaw(daemon, transport, { hello: false });
      return (await probe.ask({ id: 1, op: "hello", version: 1 }))?.ok;
    });
  }
});

Deno.test("[P-61] HttpFront and TCP share connectionsMax, of which each connection of the front takes three", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path, [...EVERYWHERE, "--connections-max", "7"]);
  const http = await Promise.all([1, 2].map(() => Deno.connect({ port: daemon.httpPort })));
  await eventually("the front is full", async () => {
    return (await rawHttp(daemon.httpPort, ["GET /v1/status HTTP/1.1", "Host: localhost"])).status === 0;
  });
  await using first = await connectRaw(daemon, "tcp");
  equal((await first.ask({ id: 2, op: "ping" })).ok, true);
  await using second = await connectRaw(daemon, "tcp", { hello: false });
  equal((await second.hear()).error.code, "LIMIT");
  for (const socket of http) socket.close();
  await eventually("there is room again", async () => {
    return (await rawHttp(daemon.httpPort, ["GET /v1/status HTTP/1.1", "Host: localhost"])).status === 200;
  });
});
