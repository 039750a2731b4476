// Spans of sessions on a real store, with a tracer that writes down what it is asked for.
// tests/integration/tracing_test.ts has the real one.
import { deepEqual, equal } from "node:assert/strict";
import type { AttributeValue, Context, Link, Span, SpanOptions } from "@opentelemetry/api";
import { NameClasses } from "../../../../server/metrics/name_classes.ts";
import { Tracing } from "../../../../server/metrics/tracing.ts";
import { Ear, SessionBench } from "../../../support/session_bench.ts";

interface Written {
  readonly name: string;
  readonly parent: Context | undefined;
  readonly links: readonly string[];
  readonly attributes: Record<string, AttributeValue | undefined>;
  failed: boolean;
  ended: boolean;
}

/** A tracer whose spans are in `spans`; the active context is `active`. */
class Notebook {
  readonly spans: Written[] = [];
  active = { name: "none" } as unknown as Context;
  readonly tracing = new Tracing({
    tracer: { startSpan: (name, options, parent) => this.#start(name, options, parent) },
    context: { active: () => this.active },
  }, new NameClasses([{ prefix: "job/", className: "jobs" }]));

  #start(name: string, { attributes = {}, links = [] }: SpanOptions = {}, parent?: Context): Span {
    const linked = links.map(({ context }: Link) => context.spanId);
    const written = {
      name,
      parent,
      links: linked,
      attributes: { ...attributes },
      failed: false,
      ended: false,
    };
    const spanId = String(this.spans.push(written));
    const span = {
      spanContext: () => ({ traceId: "t", spanId, traceFlags: 1 }),
      setAttribute(key: string, value: AttributeValue) {
        written.attributes[key] = value;
        return span;
      },
      setStatus() {
        written.failed = true;
        return span;
      },
      end: () => written.ended = true,
    } as unknown as Span;
    return span;
  }
}

function play(): { notebook: Notebook; bench: SessionBench; dispose: () => void } {
  const notebook = new Notebook();
  const bench = new SessionBench({}, undefined, [notebook.tracing]);
  return { notebook, bench, dispose: () => bench[Symbol.dispose]() };
}

Deno.test("Tracing gives wait and hold the parent that was active when the request came", () => {
  const { notebook, bench, dispose } = play();
  const [one, two] = [bench.open(new Ear()), bench.open(new Ear())];
  bench.acquire(one, 1, { name: "job/7" });
  const parent = notebook.active = { name: "a request with a traceparent" } as unknown as Context;
  bench.acquire(two, 1, { name: "job/7" });
  notebook.active = { name: "something else" } as unknown as Context;
  one.release(2, 1);
  const [wait, hold] = notebook.spans.slice(2);
  deepEqual([wait?.name, wait?.parent, hold?.name, hold?.parent], ["lock.wait", parent, "lock.hold", parent]);
  deepEqual([wait?.links, hold?.links], [["2"], ["3"]]);
  deepEqual(wait?.attributes, {
    "lock.class": "jobs",
    "lock.names": 1,
    "lock.mode": "EX",
    "lock.result": "granted",
  });
  dispose();
});

Deno.test("Tracing ends every span, with what came of it, however waits and holds end", () => {
  const { notebook, bench, dispose } = play();
  const [one, two, admin] = [bench.open(new Ear()), bench.open(new Ear()), bench.open(new Ear())];
  bench.acquire(one, 1, { ttlMs: 1_000 });
  bench.acquire(two, 1, { waitMs: 0 });
  bench.acquire(two, 2, { waitMs: 500 });
  bench.pass(500);
  bench.pass(500);
  bench.acquire(two, 3);
  bench.acquire(admin, 1);
  two.convert(4, { lock: 3, mode: "PR", waitMs: 0 });
  two.releaseAll(5);
  admin.cancel(2, 1);
  bench.acquire(one, 2);
  bench.acquire(two, 6);
  one.end();
  two.end();
  const told = notebook.spans.map(({ name, attributes, failed, ended }) => {
    const end = attributes["lock.result"] ?? attributes["lock.end"];
    return `${name} ${attributes["lock.mode"]} ${end}${failed ? " failed" : ""}${ended ? "" : " open"}`;
  });
  deepEqual(told, [
    "lock.wait EX granted",
    "lock.hold EX expired failed",
    "lock.wait EX busy failed",
    "lock.wait EX timeout failed",
    "lock.wait EX granted",
    "lock.hold PR released",
    "lock.wait EX granted",
    "lock.hold EX cancelled",
    "lock.wait EX granted",
    "lock.hold EX session failed",
    "lock.wait EX granted",
    "lock.hold EX session failed",
  ]);
  equal(notebook.tracing.size, 0);
  dispose();
});
