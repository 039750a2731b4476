/**
 * Plays scenarios of requests over HTTP, step by step against a real daemon. The steps are the language of
 * the vectors:
 *
 * ```text
 * GET /getLock/a -> 200 {k}              the answer has this status and this body; {k} is remembered, or compared when it was before
 * GET /releaseLock/a/{k} -> 200 released what was remembered may stand in a request
 * GET /status -> 200 {"locks":[],…}      JSON is compared as values: all fields, in this order
 * GET /x -> 400 {"error":"LIMIT: *"}     * is any text
 * ```
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { RestPeer } from "../support/rest_peer.ts";
import { readVectors } from "./vectors.ts";

/** One scenario. */
export interface HttpVector {
  /** With the ids of the rules that it proves. */
  readonly name: string;
  /** Of the daemon. */
  readonly flags?: readonly string[];
  readonly steps: readonly string[];
}

/** Makes a test of every scenario of a file. */
export function testHttpScenarios(file: string): void {
  for (const vector of readVectors<HttpVector>(file)) Deno.test(vector.name, () => playScenario(vector));
}

async function playScenario({ flags = [], steps }: HttpVector): Promise<void> {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path, flags);
  const peer = new RestPeer(daemon);
  const known = new Map<string, string>();
  for (const step of steps) {
    const [, request = "", status, wanted = ""] = /^(\S+ \S+) -> (\d+) (.*)$/.exec(step) ?? [];
    const answer = await peer.ask(request.replaceAll(/\{(\w+)\}/g, (hole, name) => known.get(name) ?? hole));
    const shown = `${step}, heard ${answer.status} ${JSON.stringify(answer.body)}`;
    equal(answer.status, Number(status), shown);
    const isJson = wanted.startsWith('{"');
    compare(answer.body ?? "", isJson ? JSON.parse(wanted) : wanted, { known, shown });
  }
}

interface Comparison {
  readonly known: Map<string, string>;
  readonly shown: string;
}

function compare(got: unknown, wanted: unknown, { known, shown }: Comparison): void {
  if (typeof wanted === "string") {
    if (wanted === "*") return;
    const [, hole] = /^\{(\w+)\}$/.exec(wanted) ?? [];
    ok(typeof got === "string", shown);
    if (hole !== undefined) {
      // A key, which is no answer that means something else.
      ok(/^[A-Za-z0-9_-]{32}$/.test(got), shown);
      equal(got, known.get(hole) ?? got, shown);
      known.set(hole, got);
    } else if (wanted.endsWith("*")) ok(got.startsWith(wanted.slice(0, -1)), shown);
    else equal(got, wanted, shown);
    return;
  }
  if (typeof wanted !== "object" || wanted === null) return equal(got, wanted, shown);
  ok(typeof got === "object" && got !== null, shown);
  deepEqual(Object.keys(got), Object.keys(wanted), shown);
  for (const [field, value] of Object.entries(wanted)) {
    compare((got as Record<string, unknown>)[field], value, { known, shown });
  }
}
