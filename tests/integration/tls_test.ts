// TLS on both ports, and certificates that are replaced while connections live.
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { connect } from "../../client/connect.ts";
import { ConnectionError } from "../../client/errors.ts";
import { type Transport } from "../../client/transport/transport.ts";
import { tlsOpener } from "../../client/transport/tls.ts";
import { type Certificates, hasOpenssl, makeCertificates } from "../support/certificates.ts";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { within } from "../support/eventually.ts";

const ignore = !hasOpenssl();

/** A channel that keeps what it hears. */
async function open(port: number, ca: string, host = "localhost") {
  const heard: string[] = [];
  const { promise: ended, resolve: onClose } = Promise.withResolvers<Error | undefined>();
  let news = Promise.withResolvers<void>();
  const onMessage = (text: string) => {
    heard.push(text);
    news.resolve();
    news = Promise.withResolvers();
  };
  const authority = Deno.readTextFileSync(ca);
  const transport: Transport = await tlsOpener({ host, port, ca: authority }, new AbortController().signal)({
    onMessage,
    onClose,
  });
  return {
    ended,
    async ask(request: object) {
      transport.send(JSON.stringify(request));
      while (heard.length === 0) await within("an answer", news.promise);
      return JSON.parse(heard.shift() ?? "");
    },
    async [Symbol.asyncDispose]() {
      transport.close();
      await ended;
    },
  };
}

function copy(from: Certificates, to: Certificates): void {
  Deno.copyFileSync(from.cert, to.cert);
  Deno.copyFileSync(from.key, to.key);
}

const HELLO = { id: 1, op: "hello", version: 1 };

Deno.test({
  name: "tlsOpener speaks with a daemon whose certificate fits, and with no other",
  ignore,
  async fn() {
    using files = temporaryDirectory();
    using directory = temporaryDirectory();
    const [right, wrong] = [makeCertificates(files.path, "right"), makeCertificates(files.path, "wrong")];
    await using daemon = startDaemon(directory.path, ["--tls-cert", right.cert, "--tls-key", right.key]);
    for (const host of ["localhost", "127.0.0.1"]) {
      await using channel = await open(daemon.tcpPort, right.ca, host);
      equal((await channel.ask(HELLO)).ok, true);
      equal((await channel.ask({ id: 2, op: "acquire", name: "a" })).ok, true);
      equal((await channel.ask({ id: 3, op: "acquire", name: "a", wait: 0 })).error.code, "BUSY");
    }
    await rejects(open(daemon.tcpPort, wrong.ca));
    await rejects(open(daemon.httpPort, wrong.ca));
    // Who speaks no TLS hears no word of the protocol.
    using plain = await Deno.connect({ port: daemon.tcpPort });
    await plain.write(new TextEncoder().encode(`${JSON.stringify(HELLO)}\n`));
    const buffer = new Uint8Array(100);
    const count = await plain.read(buffer).catch(() => null);
    ok(!new TextDecoder().decode(buffer.subarray(0, count ?? 0)).includes("ok"));
  },
});

Deno.test({
  name: "connect speaks TLS with distrilocks://, also by a worker, and believes the authorities of ca alone",
  ignore,
  async fn() {
    using files = temporaryDirectory();
    using directory = temporaryDirectory();
    const [right, wrong] = [makeCertificates(files.path, "right"), makeCertificates(files.path, "wrong")];
    await using daemon = startDaemon(directory.path, ["--tls-cert", right.cert, "--tls-key", right.key]);
    const url = `distrilocks://localhost:${daemon.tcpPort}`;
    for (const liveness of ["event-loop", "process"] as const) {
      // The runtime of the tests checks the types of a worker's program when that is started.
      const options = { liveness, connectTimeoutMs: 60_000 };
      await using client = await connect(url, { ...options, ca: Deno.readTextFileSync(right.ca) });
      ok((await client.acquire(liveness)).held);
      await rejects(connect(url, { ...options, ca: Deno.readTextFileSync(wrong.ca) }), ConnectionError);
      await rejects(connect(url, options), ConnectionError);
    }
    await rejects(
      connect(`distrilock://localhost:${daemon.tcpPort}`, { connectTimeoutMs: 1_000 }),
      ConnectionError,
    );
  },
});

Deno.test({
  name: "a daemon shows its new certificate after a reload, and keeps connections of before on both ports",
  ignore,
  async fn() {
    using files = temporaryDirectory();
    using directory = temporaryDirectory();
    const [old, renewed] = [makeCertificates(files.path, "old"), makeCertificates(files.path, "renewed")];
    const used = { ...old, cert: `${files.path}/cert.pem`, key: `${files.path}/key.pem` };
    copy(old, used);
    await using daemon = startDaemon(directory.path, ["--tls-cert", used.cert, "--tls-key", used.key]);
    await using before = await open(daemon.tcpPort, old.ca);
    await before.ask(HELLO);
    equal((await before.ask({ id: 2, op: "acquire", name: "a" })).ok, true);
    using trusting = Deno.createHttpClient({
      caCerts: [old, renewed].map(({ ca }) => Deno.readTextFileSync(ca)),
    });
    const socket = new WebSocket(`wss://localhost:${daemon.httpPort}/v1/ws`, { client: trusting });
    const messages: string[] = [];
    const closed = Promise.withResolvers<void>();
    socket.onclose = () => closed.resolve();
    let told = Promise.withResolvers<void>();
    socket.onmessage = ({ data }) => {
      messages.push(data);
      told.resolve();
      told = Promise.withResolvers();
    };
    await within("the WebSocket", new Promise((resolve) => socket.onopen = resolve));
    const say = async (request: object) => {
      const heard = told.promise;
      socket.send(JSON.stringify(request));
      await within("a message", heard);
      return JSON.parse(messages.pop() ?? "");
    };
    await say(HELLO);
    copy(renewed, used);
    await daemon.daemon.reloads.get("tls")?.();
    await using after = await open(daemon.tcpPort, renewed.ca);
    await rejects(open(daemon.tcpPort, old.ca));
    equal((await after.ask(HELLO)).ok, true);
    equal((await after.ask({ id: 2, op: "acquire", name: "a", wait: 0 })).error.code, "BUSY");
    equal((await before.ask({ id: 3, op: "release", lock: 2 })).ok, true);
    equal((await say({ id: 2, op: "acquire", name: "b" })).ok, true);
    using newOnly = Deno.createHttpClient({
      caCerts: [Deno.readTextFileSync(renewed.ca)],
      poolMaxIdlePerHost: 0,
    });
    const status = await fetch(`https://localhost:${daemon.httpPort}/v1/status`, { client: newOnly });
    equal((await status.json()).counts.locks, 1);
    socket.close();
    await closed.promise;
  },
});

Deno.test({
  name: "a daemon goes on with the certificate that it has when the new one is no good",
  ignore,
  async fn() {
    using files = temporaryDirectory();
    using directory = temporaryDirectory();
    const [good, other] = [makeCertificates(files.path, "good"), makeCertificates(files.path, "other")];
    const [cert, key] = [Deno.readTextFileSync(good.cert), Deno.readTextFileSync(good.key)];
    await using daemon = startDaemon(directory.path, ["--tls-cert", good.cert, "--tls-key", good.key]);
    const spoil: (() => void)[] = [
      () => Deno.writeTextFileSync(good.cert, "no certificate"),
      () => Deno.copyFileSync(other.key, good.key),
      () => Deno.removeSync(good.key),
    ];
    const failures: string[] = [];
    for (const act of spoil) {
      Deno.writeTextFileSync(good.cert, cert);
      Deno.writeTextFileSync(good.key, key);
      act();
      await rejects(async () => await daemon.daemon.reloads.get("tls")?.(), (error: Error) => {
        failures.push(error.name);
        ok(!error.message.includes("PRIVATE KEY"));
        return true;
      });
      await using channel = await open(daemon.tcpPort, good.ca);
      equal((await channel.ask(HELLO)).ok, true);
    }
    deepEqual(failures, spoil.map(() => "TlsFilesError"));
  },
});

Deno.test({
  name: "[P-12] a connection that speaks no TLS where it is wanted is closed like one without a hello",
  ignore,
  async fn() {
    using files = temporaryDirectory();
    using directory = temporaryDirectory();
    const { cert, key } = makeCertificates(files.path, "server");
    const flags = [
      "--tls-cert",
      cert,
      "--tls-key",
      key,
      "--hello-timeout",
      "50ms",
      "--request-timeout",
      "50ms",
    ];
    await using daemon = startDaemon(directory.path, flags);
    for (const port of [daemon.tcpPort, daemon.httpPort]) {
      using silent = await Deno.connect({ port });
      const count = await within("an end", silent.read(new Uint8Array(1)).catch(() => null));
      equal(count, null);
    }
  },
});
