/**
 * What every store on a directory does with several daemons, whoever arbitrates: the cases that run over each
 * kind.
 *
 * @module
 */
import { deepEqual, equal, ok } from "node:assert/strict";
import { type Mode, MODES } from "../../client/protocol/modes.ts";
import { friends } from "./lock_model_parts.ts";
import { type BenchDaemon, type BenchOptions, StoreBench } from "./store_bench.ts";

/** The kind of store that the suite runs over. */
export interface StoreKind {
  /** How the names of the tests begin. */
  readonly title: string;
  readonly options: BenchOptions;
  /** Paths at which hosts see the export; absent for a directory on this machine. */
  readonly mounts?: readonly [string, string];
  /** Within how many ms a daemon takes a lock that another one let go. */
  readonly handOverMs: number;
}

type Case = (bench: StoreBench, daemon: () => BenchDaemon, kind: StoreKind) => void;

/** Registers the suite. */
export function severalDaemonsSuite(kind: StoreKind): void {
  for (const [what, run] of Object.entries(CASES)) {
    Deno.test(`${what}, ${kind.title}`, () => {
      using bench = new StoreBench(kind.mounts);
      run(bench, () => bench.daemon(kind.options), kind);
      for (const daemon of bench.daemons) daemon.check();
    });
  }
}

/** Which modes a daemon could be given now. */
function possible(daemon: BenchDaemon, firstId: number): Mode[] {
  return MODES.filter((mode, index) => {
    const granted = daemon.acquire(firstId + index, mode)?.type === "granted";
    if (granted) daemon.release(firstId + index);
    return granted;
  });
}

const CASES: Readonly<Record<string, Case>> = {
  "[P-22] two daemons hold all 36 pairs of modes as the matrix says": (_bench, daemon) => {
    const [one, other] = [daemon(), daemon()];
    let id = 0;
    for (const held of MODES) {
      for (const wanted of MODES) {
        id++;
        one.grant(id, held);
        const answer = other.acquire(id, wanted);
        equal(answer?.type === "granted", friends(held, wanted), `${wanted} beside ${held}`);
        if (answer?.type === "granted") other.release(id);
        else equal(answer?.type === "refused" && answer.code, "BUSY");
        one.release(id);
      }
    }
    equal(id, 36);
  },

  "[P-22] a claim that moves between any two modes keeps out exactly what is held": (_bench, daemon) => {
    const [one, other] = [daemon(), daemon()];
    let id = 0;
    for (const first of MODES) {
      for (const second of MODES) {
        const [a, b] = [++id, ++id];
        one.grant(a, first, { session: "a" });
        const together = one.acquire(b, second, { session: "b", waitMs: Infinity })?.type === "granted";
        equal(together, friends(first, second));
        const both = together ? [first, second] : [first];
        deepEqual(possible(other, id), MODES.filter((mode) => both.every((held) => friends(held, mode))));
        one.release(a, "a");
        ok(one.holds(b, "b"));
        id += 10;
        deepEqual(
          possible(other, id),
          MODES.filter((mode) => friends(second, mode)),
          `${first} then ${second}`,
        );
        one.release(b, "b");
        id += 10;
        deepEqual(possible(other, id), MODES, `after ${first} and ${second}`);
        id += 10;
      }
    }
  },

  "[P-24] tokens grow with every conflicting grant, whichever daemon gives it": (_bench, daemon) => {
    const daemons = [daemon(), daemon()];
    let last: { token: number; mode: Mode } = { token: 0, mode: "EX" };
    for (let id = 1; id <= 120; id++) {
      const mode = MODES[1 + (id * 7) % 5] as Mode;
      const one = daemons[id % 2] as BenchDaemon;
      const token = one.grant(id, mode);
      ok(friends(last.mode, mode) ? token >= last.token : token > last.token, `${mode} after ${last.mode}`);
      last = { token, mode };
      one.release(id);
    }
  },

  "[I-15] a session waits for a lock of another daemon and gets it soon after its release": (
    bench,
    daemon,
    { handOverMs },
  ) => {
    const [one, other] = [daemon(), daemon()];
    let id = 0;
    for (const held of MODES) {
      for (const wanted of MODES.filter((mode) => !friends(held, mode))) {
        const token = one.grant(++id, held);
        other.wait(id, wanted);
        bench.pass(60);
        ok(!other.holds(id));
        one.release(id);
        bench.until(() => other.holds(id), handOverMs);
        ok((other.grants().at(-1)?.token ?? 0) > token, `${wanted} after ${held}`);
        other.release(id);
        // What was said of the wait is forgotten, and so is that it was.
        bench.pass(2_000);
      }
    }
  },

  "[I-14] a session gets the lock of a daemon that was killed": (bench, daemon, { handOverMs }) => {
    const [one, other] = [daemon(), daemon()];
    const token = one.grant(1, "EX");
    other.wait(1, "PR");
    bench.pass(50);
    one.kill();
    bench.until(() => other.holds(1), handOverMs);
    ok((other.grants()[0]?.token ?? 0) > token);
  },

  "[P-23] [P-27] a wait for another daemon ends in time, tells who holds, and leaves nothing behind": (
    bench,
    daemon,
  ) => {
    const [one, other] = [daemon(), daemon()];
    one.grant(1, "EX");
    bench.pass(600);
    equal(other.acquire(1, "EX", { waitMs: 700 }), undefined);
    bench.pass(700);
    const answer = other.answer(1);
    ok(answer?.type === "refused" && answer.code === "TIMEOUT");
    deepEqual(answer.blockedBy?.map((party) => [party.daemon, party.mode]), [["daemon-0", "EX"]]);
    one.release(1);
    bench.pass(2_000);
    deepEqual(other.grants(), []);
    one.grant(2, "EX");
  },

  "[P-40] who tells the strongest mode that other daemons hold": (_bench, daemon) => {
    const [one, observer] = [daemon(), daemon()];
    equal(observer.outside(), null);
    MODES.forEach((mode, index) => {
      one.grant(index + 1, mode);
      equal(observer.outside(), mode === "NL" ? null : mode);
      equal(one.outside(), null, "a daemon's own locks are not outside of it");
      one.release(index + 1);
      equal(observer.outside(), null);
    });
  },

  "two daemons with endless waiters both keep getting the lock": (bench, daemon) => {
    const daemons = [daemon(), daemon()];
    const counts = [0, 0];
    let id = 0;
    const next = daemons.map(() => [0, 0]);
    for (let step = 0; step < 3_000; step++) {
      daemons.forEach((one, index) => {
        (next[index] as number[]).forEach((held, slot, slots) => {
          if (held === 0) one.acquire(slots[slot] = ++id, "EX", { waitMs: Infinity });
          else if (one.holds(held)) {
            counts[index] = (counts[index] as number) + 1;
            one.release(held);
            slots[slot] = 0;
          }
        });
      });
      bench.pass(1);
    }
    ok(Math.min(...counts) > Math.max(...counts) / 2, `${counts}`);
  },

  "[P-59] a value goes from daemon to daemon, and is not valid when its writer died": (_bench, daemon) => {
    const [one, other] = [daemon(), daemon()];
    one.grant(1, "EX");
    one.setValue(1, "page 7");
    one.release(1);
    other.grant(1, "PW");
    deepEqual(other.grants().at(-1)?.value, { text: "page 7", valid: true });
    other.setValue(1, "page 8");
    other.kill();
    one.grant(2, "EX");
    deepEqual(one.grants().at(-1)?.value, { text: "page 8", valid: false });
  },

  "[P-58] verify tells a lock that is held": (_bench, daemon) => {
    const [one, other] = [daemon(), daemon()];
    for (const [index, mode] of MODES.entries()) {
      const id = index + 1;
      const token = one.grant(id, mode);
      deepEqual(one.verified(id), token, mode);
      equal(other.verified(id), undefined);
      one.release(id);
    }
  },

  "[P-32] several names are given all or none, whichever daemon holds one of them": (
    bench,
    daemon,
    { handOverMs },
  ) => {
    const [one, other] = [daemon(), daemon()];
    one.grant(1, "EX", { name: "y" });
    equal(other.acquireAll(1, ["x", "y", "z"], 0)?.type, "refused");
    deepEqual(possible(one, 10), MODES);
    equal(other.acquireAll(2, ["x", "y", "z"], Infinity), undefined);
    bench.pass(100);
    one.release(1);
    bench.until(() => other.holds(2), handOverMs);
    for (const name of ["x", "y", "z"]) equal(one.refusal(20 + name.charCodeAt(0), "EX", { name }), "BUSY");
  },
};
