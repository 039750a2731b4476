/**
 * A daemon on NFS whose workers answer when, and what, the test says. One session, one name.
 *
 * @module
 */
import { ok } from "node:assert/strict";
import type { Mode } from "../../client/protocol/modes.ts";
import type { Effect, SessionId } from "../../server/store/store.ts";
import { DirectoryStore } from "../../server/store/directory/directory_store.ts";
import { beliefOf } from "../../server/store/directory/nfs/belief.ts";
import type { Courier } from "../../server/store/directory/nfs/courier.ts";
import { NfsArbiter, type Report } from "../../server/store/directory/nfs/nfs_arbiter.ts";
import type { Answer, Errand, Operation, Reply } from "../../server/store/directory/nfs/operations.ts";

/** What follows from its lease time. */
export const BELIEF = beliefOf(10_000);
/** Its session. */
export const SESSION = "s" as SessionId;

/** Keeps what was sent until the test answers it. */
class HeldCourier implements Courier {
  readonly lanes = 2;
  onReply: (lane: number, reply: Reply) => void = () => {};
  readonly open: { lane: number; errand: Errand }[] = [];
  ended = false;

  send(lane: number, errand: Errand): void {
    this.open.push({ lane, errand });
  }

  /** The first operation of a kind that has not been answered. */
  find(op: Operation["op"]): { lane: number; errand: Errand } {
    const found = this.open.find(({ errand }) => errand.operation.op === op);
    ok(found, `${op} among ${this.open.map(({ errand }) => errand.operation.op)}`);
    return found;
  }

  answer(op: Operation["op"], answer: Answer): void {
    const found = this.find(op);
    this.open.splice(this.open.indexOf(found), 1);
    this.onReply(found.lane, { id: found.errand.id, answer });
  }

  end(): void {
    this.ended = true;
  }
}

/** The daemon. */
export class AnswerBench {
  readonly courier = new HeldCourier();
  readonly effects: Effect[] = [];
  readonly store: DirectoryStore;
  nowMs = 0;
  /** How long the machine slept: the clock of daemons stands still then, that of beliefs does not. */
  sleptMs = 0;
  readonly reports: string[] = [];
  woken = 0;
  arbiter: NfsArbiter | undefined;

  constructor() {
    const clock = { now: () => this.nowMs, wallMs: () => this.nowMs };
    const { courier } = this;
    const report: Report = (what, claims) => this.reports.push(claims > 0 ? `${what} ${claims}` : what);
    const roster = {
      text: () => "{}",
      onTexts: () => {},
      onRefused: (message: string) => this.reports.push(message),
    };
    const wake = () => void this.woken++;
    this.store = new DirectoryStore({
      effects: (effect) => this.effects.push(effect),
      clock,
      limits: { locksPerSessionMax: 9, waitersPerSessionMax: 9, queueLengthMax: 9 },
      daemon: "d",
      arbiter: (host) =>
        this.arbiter = new NfsArbiter(
          { courier, belief: BELIEF, clock, bootMs: () => this.bootMs, wake, report, roster },
          host,
        ),
    });
    this.store.openSession(SESSION, undefined);
  }

  acquire(request: number, mode: Mode, waitMs = Infinity): void {
    this.store.acquire({ session: SESSION, request, names: ["x"], mode, waitMs }, this.nowMs);
  }

  get bootMs(): number {
    return this.nowMs + this.sleptMs;
  }

  granted(token: number, provenMs = this.bootMs): Answer {
    return { type: "granted", descriptor: 7, token, value: undefined, provenMs };
  }

  /** What is left of the belief in the claim, in milliseconds. */
  get beliefMs(): number {
    const claims = this.arbiter!.claims;
    const claim = claims.get("x");
    return claim?.given ? claims.endOf(claim) - this.bootMs : -Infinity;
  }

  release(lock: number): void {
    this.store.release({ session: SESSION, request: 100 + lock, lock }, this.nowMs);
  }

  /** The operations that were sent and not answered. */
  get open(): string[] {
    return this.courier.open.map(({ errand }) => errand.operation.op);
  }

  tick(ms = 0): void {
    this.nowMs += ms;
    this.store.tick(this.nowMs);
  }

  said(): string[] {
    return this.effects.splice(0).map((one) =>
      `${one.type} ${"request" in one ? one.request : one.lock} ${"code" in one ? one.code : ""}`.trim()
    );
  }
}
