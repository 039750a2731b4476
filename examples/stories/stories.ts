/**
 * The stories of `docs/guarantees.md`.
 *
 * @module
 */
import { LockError, LockLostError } from "../../mod.ts";
import { StaleTokenError } from "../fencing/stale_token_error.ts";
import { GuardedNumber } from "../guarded_resource.ts";
import type { Stage } from "./stage.ts";

/** One story. */
export interface Story {
  readonly title: string;
  play(stage: Stage): Promise<void>;
}

/** All of them. */
export const STORIES: readonly Story[] = [
  {
    title: "A client dies while it holds a lock: the next one has it at once, also at another daemon",
    async play(stage) {
      const [here, there] = [await stage.daemon(), await stage.daemon()];
      const { actor, token } = await stage.holder(here, "invoice/42");
      const next = (await stage.client(there, { name: "next" })).acquire("invoice/42");
      stage.tell(`held with token ${token}; killing the holder with SIGKILL`);
      actor.kill("SIGKILL");
      const lock = await next;
      stage.tell(`granted at the other daemon with token ${lock.token}`);
      stage.expect(lock.token > token, "the token grew");
    },
  },
  {
    title: "A daemon is killed with SIGKILL: its holders know, its locks are free",
    async play(stage) {
      const [here, there] = [await stage.daemon(), await stage.daemon()];
      const held = await (await stage.client(here, { name: "holder" })).acquire("invoice/42");
      const told = new Promise((resolve) => held.signal.addEventListener("abort", resolve));
      const next = (await stage.client(there, { name: "next" })).acquire("invoice/42");
      here.kill("SIGKILL");
      const lock = await next;
      await told;
      stage.tell(
        `granted at the other daemon with token ${lock.token}; the old holder's signal is aborted: ${held.signal.aborted}`,
      );
      stage.expect(held.signal.reason instanceof LockLostError, "the old holder was told");
      stage.expect(lock.token > held.token, "the token grew");
    },
  },
  {
    title:
      "A client is paused beyond the life of its lock: it loses it, is told when it wakes, and its token is refused",
    async play(stage) {
      const daemon = await stage.daemon();
      const resource = new GuardedNumber();
      const { actor, token } = await stage.holder(daemon, "invoice/42", 400);
      resource.write(1, token);
      actor.kill("SIGSTOP");
      stage.tell(`the holder wrote with token ${token}, and is paused now`);
      const lock = await (await stage.client(daemon, { name: "next" })).acquire("invoice/42");
      resource.write(2, lock.token);
      stage.tell(`its lock expired; the next one wrote with token ${lock.token}`);
      actor.kill("SIGCONT");
      stage.tell(`the old holder wakes and hears: ${await actor.nextLine()}`);
      let refused = false;
      try {
        resource.write(3, token);
      } catch (error) {
        if (!(error instanceof StaleTokenError)) throw error;
        stage.tell(`its late write: ${error.message}`);
        refused = true;
      }
      stage.expect(refused && resource.value === 2, "the late write was refused");
    },
  },
  {
    title: "A daemon leaves service: waiters go elsewhere, holders finish",
    async play(stage) {
      const [here, there] = [await stage.daemon(), await stage.daemon()];
      const holder = await stage.client(here, { name: "holder" });
      const lock = await holder.acquire("invoice/42");
      const waiting = (await stage.client(here, { name: "waiter" })).acquire("invoice/42").catch((
        error: unknown,
      ) => error);
      while ((await holder.who("invoice/42")).waitingCount === 0);
      here.kill("SIGTERM");
      const refusal = await waiting;
      stage.expect(
        refusal instanceof LockError && refusal.code === "DRAINING",
        "the waiter was told DRAINING",
      );
      stage.tell(`the waiter was told ${(refusal as LockError).code}; the holder still holds: ${lock.held}`);
      const elsewhere = (await stage.client(there, { name: "waiter" })).acquire("invoice/42");
      await lock.release();
      stage.tell(`released; the waiter has it at the other daemon with token ${(await elsewhere).token}`);
      stage.expect((await here.ended).code === 0, "the daemon ended with 0");
    },
  },
  {
    title: "Somebody deletes the lock file of a held lock: the holder is told",
    async play(stage) {
      const daemon = await stage.daemon();
      const lock = await (await stage.client(daemon, { name: "holder" })).acquire("nightly");
      const lost = new Promise((resolve) => lock.signal.addEventListener("abort", resolve));
      Deno.removeSync(`${stage.directory}/nightly.lck`);
      await lost;
      stage.tell(`lost: ${(lock.signal.reason as Error).message}`);
    },
  },
  {
    title: "An administrator breaks a lock: by token, so a late break hits nobody",
    async play(stage) {
      const daemon = await stage.daemon();
      const [holder, admin] = [
        await stage.client(daemon, { name: "stuck" }),
        await stage.client(daemon, { name: "admin" }),
      ];
      const lock = await holder.acquire("invoice/42");
      await admin.break("invoice/42", { token: lock.token, reason: "the host is gone" });
      const next = await admin.acquire("invoice/42");
      stage.tell(
        `broken; next token ${next.token}; the holder was told: ${(lock.signal.reason as Error).message}`,
      );
      const late: unknown = await admin.break("invoice/42", { token: lock.token, reason: "again" }).catch((
        error: unknown,
      ) => error);
      stage.expect(late instanceof LockError && late.code === "STALE_TOKEN", "the late break was refused");
      stage.tell(`the same break again: ${(late as LockError).code}`);
    },
  },
  {
    title: "Two owners lock a and b in opposite order: exactly one is refused, and told the circle",
    async play(stage) {
      const client = await stage.client(await stage.daemon(), { name: "both" });
      const [one, two] = [client.owner("one"), client.owner("two")];
      await one.acquire("a");
      const second = await two.acquire("b");
      const waits = one.acquire("b");
      const refusal: unknown = await two.acquire("a").catch((error: unknown) => error);
      stage.expect(refusal instanceof LockError && refusal.code === "DEADLOCK", "the second one was refused");
      stage.tell(`two: ${(refusal as LockError).message}`);
      await second.release();
      stage.tell(`two gives b back; one has it with token ${(await waits).token}`);
    },
  },
];
