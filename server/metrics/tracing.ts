/**
 * OpenTelemetry spans of waits and holds, by the runtime's own support (`OTEL_DENO=true`): it exports what is
 * recorded, and takes the parent of a request that came over HTTP from its `traceparent`. Where that is off
 * nothing of this is loaded.
 *
 * ```text
 *   asked ──lock.wait──▶ granted ──lock.hold──▶ released, lost, …
 * ```
 *
 * A wait is linked to the hold that was in its way when it began, and a hold to its own wait. Lock names are
 * not in spans, as in metrics.
 *
 * Sources: https://docs.deno.com/runtime/fundamentals/open_telemetry/, https://www.w3.org/TR/trace-context/
 *
 * @module
 */
import type { Context, ContextAPI, Link, Span, SpanContext, Tracer } from "@opentelemetry/api";
import { SOFTWARE_VERSION } from "../../client/protocol/version.ts";
import type { Observer } from "../session/observer.ts";
import type { Acquire, Effect, SessionId } from "../store/store.ts";
import { resultOf } from "./result.ts";
import { NameClasses, type NameClassRule } from "./name_classes.ts";

/** What of the API is needed. */
export interface TracingApi {
  readonly tracer: Pick<Tracer, "startSpan">;
  readonly context: Pick<ContextAPI, "active">;
}

/**
 * Under this symbol whoever implements the API registers it, see `api/src/internal/global-utils.ts` of
 * OpenTelemetry.
 */
const API_SYMBOL = Symbol.for("opentelemetry.js.api.1");
/** `SpanStatusCode.ERROR`. */
const ERROR = { code: 2 } as const;

/** Spans, if the runtime was told to trace. */
export async function loadTracing(rules: readonly NameClassRule[]): Promise<Tracing | undefined> {
  if (!(API_SYMBOL in globalThis)) return undefined;
  const { trace, context } = await import("@opentelemetry/api");
  return new Tracing(
    { tracer: trace.getTracer("distrilock", SOFTWARE_VERSION), context },
    new NameClasses(rules),
  );
}

interface Traced {
  readonly names: readonly string[];
  readonly attributes: { readonly "lock.class": string; readonly "lock.names": number };
  readonly mode: string;
  readonly parent: Context;
  readonly wait: Span;
  hold: Span | undefined;
}

/** Makes spans of what it sees. */
export class Tracing implements Observer {
  readonly #api: TracingApi;
  readonly #classes: NameClasses;
  readonly #traced = new Map<SessionId, Map<number, Traced>>();
  /** The last one that was given each name that is held. */
  readonly #holds = new Map<string, SpanContext>();

  constructor(api: TracingApi, classes: NameClasses) {
    this.#api = api;
    this.#classes = classes;
  }

  /** How many spans are open. */
  get size(): number {
    return [...this.#traced.values()].reduce((sum, { size }) => sum + size, 0);
  }

  asked({ session, request, names, mode }: Acquire): void {
    const ofSession = this.#traced.get(session) ?? new Map<number, Traced>();
    if (ofSession.has(request)) return;
    const parent = this.#api.context.active();
    const className = this.#classes.names[this.#classes.of(names[0] ?? "")] ?? "";
    const attributes = { "lock.class": className, "lock.names": names.length };
    const links: Link[] = names.flatMap((name) => this.#holds.get(name) ?? []).map((context) => ({
      context,
    }));
    const options = { attributes: { ...attributes, "lock.mode": mode }, links };
    const wait = this.#api.tracer.startSpan("lock.wait", options, parent);
    this.#traced.set(
      session,
      ofSession.set(request, { names, attributes, mode, parent, wait, hold: undefined }),
    );
  }

  converts(): void {}

  told(effect: Effect): void {
    const { session } = effect;
    switch (effect.type) {
      case "granted":
        return this.#granted(this.#traced.get(session)?.get(effect.request));
      case "refused":
        return this.#refused(session, effect.request, resultOf(effect.code));
      case "converted":
        this.#traced.get(session)?.get(effect.lock)?.hold?.setAttribute("lock.mode", effect.mode);
        return;
      case "released":
        return this.#over(session, effect.lock, "released");
      case "cancelled":
        return effect.was === "held" ? this.#over(session, effect.target, "cancelled") : undefined;
      case "lost":
        return this.#over(session, effect.lock, effect.reason);
      case "released-all":
        for (const request of [...this.#traced.get(session)?.keys() ?? []]) {
          this.#over(session, request, "released");
        }
    }
  }

  ended(session: SessionId): void {
    for (const [request, { hold }] of [...this.#traced.get(session) ?? []]) {
      if (hold) this.#over(session, request, "session");
      else this.#refused(session, request, "session_ended");
    }
    this.#traced.delete(session);
  }

  #granted(traced: Traced | undefined): void {
    if (!traced || traced.hold) return;
    const { wait, parent, attributes, mode, names } = traced;
    wait.setAttribute("lock.result", "granted").end();
    const links = [{ context: wait.spanContext() }];
    traced.hold = this.#api.tracer.startSpan(
      "lock.hold",
      { attributes: { ...attributes, "lock.mode": mode }, links },
      parent,
    );
    for (const name of names) this.#holds.set(name, traced.hold.spanContext());
  }

  #refused(session: SessionId, request: number, result: string): void {
    const traced = this.#traced.get(session)?.get(request);
    if (!traced || traced.hold) return;
    this.#traced.get(session)?.delete(request);
    traced.wait.setAttribute("lock.result", result).setStatus(ERROR).end();
  }

  /** The hold is over; nothing happens when it is none. */
  #over(session: SessionId, request: number, end: string): void {
    const traced = this.#traced.get(session)?.get(request);
    if (!traced?.hold) return;
    this.#traced.get(session)?.delete(request);
    traced.hold.setAttribute("lock.end", end);
    if (end !== "released" && end !== "cancelled") traced.hold.setStatus(ERROR);
    traced.hold.end();
    const { spanId } = traced.hold.spanContext();
    for (const name of traced.names) if (this.#holds.get(name)?.spanId === spanId) this.#holds.delete(name);
  }
}
