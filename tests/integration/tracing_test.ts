// Spans as they leave a daemon process, at a collector of this test: OTLP over HTTP in JSON, which the
// runtime's exporter speaks.
import { deepEqual, equal, ok } from "node:assert/strict";
import { connect } from "../../mod.ts";
import { startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually } from "../support/eventually.ts";

interface SpanMessage {
  readonly traceId: string;
  readonly spanId: string;
  readonly parentSpanId: string;
  readonly name: string;
  readonly attributes: readonly { readonly key: string; readonly value: Readonly<Record<string, unknown>> }[];
  readonly links: readonly { readonly traceId: string; readonly spanId: string }[];
}

interface TracesMessage {
  readonly resourceSpans: readonly {
    readonly scopeSpans: readonly { readonly spans: readonly SpanMessage[] }[];
  }[];
}

/** A collector that keeps the spans that it is sent. */
function startCollector(): AsyncDisposable & {
  readonly url: string;
  readonly spans: readonly SpanMessage[];
} {
  const spans: SpanMessage[] = [];
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen() {} }, async (request) => {
    const text = await request.text();
    if (new URL(request.url).pathname === "/v1/traces") {
      const message: TracesMessage = JSON.parse(text);
      spans.push(
        ...message.resourceSpans.flatMap(({ scopeSpans }) => scopeSpans.flatMap((scope) => scope.spans)),
      );
    }
    return Response.json({});
  });
  return {
    url: `http://127.0.0.1:${server.addr.port}`,
    spans,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

function attributesOf(span: SpanMessage | undefined): Record<string, unknown> {
  return Object.fromEntries(span?.attributes.map(({ key, value }) => [key, Object.values(value)[0]]) ?? []);
}

Deno.test("a daemon that is told to trace sends a span of each wait and each hold, linked, without lock names", async () => {
  await using collector = startCollector();
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, ["--metric-classes", "job/=jobs"], {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_BSP_SCHEDULE_DELAY: "20",
  });
  await using client = await connect(daemon.url);
  const lock = await client.acquire("job/secret");
  const waiting = client.acquire("job/secret", { mode: "PR" });
  equal(await client.tryAcquire("job/secret"), null);
  await lock.release();
  await (await waiting).release();
  const find = (name: string, mode: string, result?: string) =>
    collector.spans.find((span) => {
      const attributes = attributesOf(span);
      return span.name === name && attributes["lock.mode"] === mode &&
        (result === undefined || attributes["lock.result"] === result);
    });
  const held = await eventually("the span of the first hold", () => find("lock.hold", "EX"));
  const wait = await eventually("the span of the wait", () => find("lock.wait", "PR"));
  const refused = await eventually("the span of the refusal", () => find("lock.wait", "EX", "busy"));
  const second = await eventually("the span of the second hold", () => find("lock.hold", "PR"));
  deepEqual(attributesOf(held), {
    "lock.class": "jobs",
    "lock.names": "1",
    "lock.mode": "EX",
    "lock.end": "released",
  });
  equal(attributesOf(wait)["lock.result"], "granted");
  deepEqual(wait.links.map(({ spanId }) => spanId), [held.spanId]);
  deepEqual(refused.links.map(({ spanId }) => spanId), [held.spanId]);
  deepEqual(second.links.map(({ spanId }) => spanId), [wait.spanId]);
  ok(!JSON.stringify(collector.spans).includes("secret"));
});

Deno.test("a lock over HTTP is part of the trace that its request names", async () => {
  await using collector = startCollector();
  using directory = temporaryDirectory();
  await using daemon = await startDaemonProcess(directory.path, [], {
    OTEL_DENO: "true",
    OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
    OTEL_EXPORTER_OTLP_PROTOCOL: "http/json",
    OTEL_BSP_SCHEDULE_DELAY: "20",
  });
  const traceId = "0af7651916cd43dd8448eb211c80319c";
  const response = await fetch(`http://127.0.0.1:${daemon.httpPort}/v1/locks`, {
    method: "POST",
    headers: { "content-type": "application/json", traceparent: `00-${traceId}-b7ad6b7169203331-01` },
    body: JSON.stringify({ name: "a" }),
  });
  equal(response.status, 201, await response.text());
  const wait = await eventually(
    "the span of the wait",
    () => collector.spans.find(({ name }) => name === "lock.wait"),
  );
  equal(wait.traceId, traceId);
});
