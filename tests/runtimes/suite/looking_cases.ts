/**
 * Cases about looking: who, list, explain, watch, sessions, status.
 *
 * @module
 */
import type { WatchedEvent } from "@distrilock/client";
import { equal, ok, within } from "./check.ts";
import type { Cases } from "./stage.ts";

/** What can be looked at. */
export const LOOKING_CASES: Cases = {
  "who tells holders and waiters": async (stage) => {
    const [one, other] = [await stage.open("holder"), await stage.open("waiter")];
    const lock = await one.acquire(stage.name(), { reason: "backup" });
    const waiting = other.acquire(stage.name(), { mode: "PR" });
    await stage.waiters(one, stage.name(), 1);
    const { held, waiting: queue } = await other.who(stage.name());
    equal(held.map(({ client, reason, mode }) => [client?.name, reason, mode]), [["holder", "backup", "EX"]]);
    equal(queue.map(({ client, mode }) => [client?.name, mode]), [["waiter", "PR"]]);
    // A page has no process.
    const { process } = globalThis as { process?: { pid?: number } };
    equal(held[0]?.client?.pid, process?.pid);
    await lock.release();
    await (await waiting).release();
  },

  "list goes through the names": async (stage) => {
    const client = await stage.open();
    for (const part of ["b", "a", "c"]) await client.acquire(stage.name(part));
    const names: string[] = [];
    for await (const { name } of client.list({ prefix: stage.prefix })) names.push(name);
    equal(names, ["a", "b", "c"].map((part) => stage.name(part)));
  },

  "explain tells who waits for whom": async (stage) => {
    const [one, other] = [await stage.open(), await stage.open()];
    const [a, b] = [stage.name("a"), stage.name("b")];
    const first = await one.acquire(a);
    const second = await other.owner("job").acquire(b);
    const waiting = other.owner("job").acquire(a);
    await stage.waiters(one, a, 1);
    const [explained] = await one.explain(a);
    equal([explained?.name, explained?.held.length, explained?.waiting.length], [a, 1, 1]);
    equal(explained?.waiting[0]?.blockedBy[0]?.session, one.session);
    await first.release();
    await (await waiting).release();
    await second.release();
  },

  "watch tells what happens, in its order": async (stage) => {
    const [client, actor] = [await stage.open(), await stage.open()];
    const events: string[] = [];
    const watch = client.watch(stage.prefix);
    await watch.ready;
    const lock = await actor.acquire(stage.name());
    await lock.convert("PR");
    await lock.release();
    for await (const event of watch) {
      events.push(event.event);
      if (event.event === "released") break;
    }
    equal(events, ["granted", "converted", "released"]);
  },

  "a watch ends with its signal": async (stage) => {
    const client = await stage.open();
    const controller = new AbortController();
    const seen: WatchedEvent[] = [];
    const watch = client.watch(stage.prefix, { signal: controller.signal });
    await watch.ready;
    const watching = (async () => {
      for await (const event of watch) seen.push(event);
    })();
    controller.abort();
    await within("the end of the watch", watching);
    equal(seen.length, 0);
  },

  "the administrator sees sessions and the state of the daemon": async (stage) => {
    const client = await stage.open("seen");
    const seen: (string | undefined)[] = [];
    for await (const { session, client: profile } of client.administrator.sessions()) {
      if (session === client.session) seen.push(profile?.name);
    }
    equal(seen, ["seen"]);
    const status = await client.administrator.status();
    ok(status.counts.sessions >= 1, "it counts sessions");
  },
};
