/**
 * Fencing tokens through everything that can happen to their files.
 *
 * @module
 */
import { equal, match, ok, throws } from "node:assert/strict";
import { ERRNO } from "../../../../../ffi/errno.ts";
import type { Mode } from "../../../../../client/protocol/modes.ts";
import { LIMIT_STEP, TOKENS_RESERVED } from "../../../../../server/store/directory/ledger.ts";
import { LedgerError } from "../../../../../server/store/directory/ledger_errors.ts";
import { LINE_BYTES, writeLine } from "../../../../../server/store/directory/record.ts";
import { DurableFiles, restorePicture, takePicture } from "../../../../support/durable_files.ts";
import { type BenchDaemon, StoreBench } from "../../../../support/store_bench.ts";

const NAMES = ["a", "b", "c/d"];
const LEDGER = ".distrilock/ledger";

/**
 * Takes and releases every name in some modes, and sees that each token is greater than the last of its name.
 */
class Grower {
  readonly #last = new Map<string, number>();
  #id = 0;

  grow(daemon: BenchDaemon, modes: readonly Mode[] = ["EX", "PR", "CR", "EX", "CW"]): void {
    for (const name of NAMES) {
      let before: Mode | undefined;
      for (const mode of modes) {
        const token = daemon.grant(++this.#id, mode, { name });
        const last = this.#last.get(name) ?? 0;
        const least = before === "PR" && mode === "CR" ? last : last + 1;
        ok(token >= least, `[P-24] ${name} in ${mode}: ${token} after ${last}`);
        this.#last.set(name, token);
        before = mode;
        daemon.release(this.#id);
      }
    }
  }
}

Deno.test("[P-24] tokens grow across close and reopen, and across a kill", () => {
  using bench = new StoreBench();
  const grower = new Grower();
  for (const end of ["close", "kill", "kill", "close"] as const) {
    const daemon = bench.daemon();
    grower.grow(daemon);
    grower.grow(daemon);
    daemon[end]();
  }
  grower.grow(bench.daemon());
});

Deno.test("[P-24] tokens grow when daemons take turns", () => {
  using bench = new StoreBench();
  const grower = new Grower();
  const daemons = [bench.daemon(), bench.daemon(), bench.daemon()];
  for (let round = 0; round < 30; round++) grower.grow(daemons[round % 3] as BenchDaemon);
  daemons[0]?.kill();
  grower.grow(bench.daemon());
  for (const daemon of daemons.slice(1)) grower.grow(daemon);
});

Deno.test("[P-24] tokens grow although lock files are deleted, overwritten or cut while nobody holds them", () => {
  const spoil: ((path: string) => void)[] = [
    (path) => Deno.removeSync(path),
    (path) => Deno.writeTextFileSync(path, ""),
    (path) => Deno.writeTextFileSync(path, "4711\n"),
    (path) => Deno.writeTextFileSync(path, "x".repeat(500)),
    (path) => Deno.truncateSync(path, LINE_BYTES - 3),
    (path) => Deno.truncateSync(path, 1),
  ];
  for (const one of spoil) {
    for (const restart of [false, true]) {
      using bench = new StoreBench();
      const grower = new Grower();
      let daemon = bench.daemon({ keepFiles: true });
      for (let round = 0; round < 3; round++) {
        grower.grow(daemon);
        if (restart) daemon.close();
        for (const file of bench.lockFiles()) one(bench.path(file));
        if (restart) daemon = bench.daemon({ keepFiles: true });
      }
      grower.grow(daemon);
    }
  }
});

Deno.test("[P-24] tokens grow although lock files come back from an old copy after all daemons ended", () => {
  using bench = new StoreBench();
  const grower = new Grower();
  const first = bench.daemon({ keepFiles: true });
  grower.grow(first);
  const old = takePicture(bench.directory);
  grower.grow(first);
  first.close();
  const ledger = Deno.readFileSync(bench.path(LEDGER));
  restorePicture(bench.directory, new Map([...old, [LEDGER, ledger]]));
  grower.grow(bench.daemon());
});

/** Power fails: of the page cache nothing remains but what the picture shows. */
function powerFails(restore: (durable: DurableFiles, bench: StoreBench) => void): void {
  using bench = new StoreBench();
  const durable = new DurableFiles(bench.directory);
  const grower = new Grower();
  const wrap = durable.wrap.bind(durable);
  for (let life = 0; life < 4; life++) {
    const daemons = [bench.daemon({ wrap }), bench.daemon({ wrap })] as const;
    for (let round = 0; round < 6; round++) grower.grow(daemons[round % 2] as BenchDaemon);
    for (const daemon of daemons) daemon.kill();
    restore(durable, bench);
  }
  grower.grow(bench.daemon({ wrap }));
  ok(durable.syncs >= 4);
}

Deno.test("[P-24] tokens grow after a power failure that leaves all as it was at the last fsync", () => {
  powerFails((durable, bench) => restorePicture(bench.directory, durable.synced));
});

Deno.test("[P-24] tokens grow after a power failure that leaves the ledger of the last fsync and no lock file", () => {
  powerFails((durable, bench) => {
    restorePicture(bench.directory, new Map([...durable.synced].filter(([path]) => path === LEDGER)));
  });
});

Deno.test("[P-24] tokens grow after a power failure that leaves the ledger of the last fsync and all lock files", () => {
  powerFails((durable, bench) => {
    const files = takePicture(bench.directory);
    const ledger = durable.synced.get(LEDGER);
    ok(ledger);
    restorePicture(bench.directory, files.set(LEDGER, ledger));
  });
});

Deno.test("[P-24] tokens grow beyond the limit of the ledger, which is on the disk before", () => {
  using bench = new StoreBench();
  const durable = new DurableFiles(bench.directory);
  const wrap = durable.wrap.bind(durable);
  const daemon = bench.daemon({ wrap });
  const first = daemon.grant(1, "EX");
  daemon.release(1);
  // As if some 16 million tokens had been given since.
  const line = new Uint8Array(LINE_BYTES);
  writeLine(line, 0, { letter: "T", number: first + LIMIT_STEP, mode: "EX", origin: "d" });
  const file = Deno.openSync(bench.path("x.lck"), { write: true });
  file.writeSync(line);
  file.close();
  const syncs = durable.syncs;
  const token = daemon.grant(2, "EX");
  equal(durable.syncs, syncs + 1);
  daemon.kill();
  restorePicture(bench.directory, new Map([...durable.synced].filter(([path]) => path === LEDGER)));
  ok(bench.daemon().grant(1, "EX") > token);
});

Deno.test("[P-24] no token is given above a limit that may not be on the disk", () => {
  using bench = new StoreBench();
  const durable = new DurableFiles(bench.directory);
  const wrap = durable.wrap.bind(durable);
  const [daemon, other] = [bench.daemon({ wrap }), bench.daemon({ wrap })];
  const first = daemon.grant(1, "EX");
  daemon.release(1);
  const line = new Uint8Array(LINE_BYTES);
  writeLine(line, 0, { letter: "T", number: first + LIMIT_STEP, mode: "EX", origin: "d" });
  const file = Deno.openSync(bench.path("x.lck"), { write: true });
  file.writeSync(line);
  file.close();
  daemon.calls.fail({ errno: ERRNO.EIO, kind: "sync", times: Infinity });
  equal(daemon.refusal(2, "EX"), "STORE_UNAVAILABLE");
  equal(
    daemon.refusal(3, "EX"),
    "STORE_UNAVAILABLE",
    "the next one does not believe the line that was not synced",
  );
  daemon.calls.heal();
  const token = other.grant(1, "EX");
  for (const one of [daemon, other]) one.kill();
  restorePicture(bench.directory, new Map([...durable.synced].filter(([path]) => path === LEDGER)));
  ok(bench.daemon().grant(1, "EX") > token, "nor does another daemon");
});

Deno.test("[P-24] tokens grow in a directory that was wiped, since time goes on", () => {
  using bench = new StoreBench();
  const grower = new Grower();
  for (let life = 0; life < 3; life++) {
    const daemon = bench.daemon();
    grower.grow(daemon);
    grower.grow(daemon);
    daemon.close();
    restorePicture(bench.directory, new Map());
    bench.nowMs += 2_000;
  }
  grower.grow(bench.daemon());
});

Deno.test("[P-24] tokens grow although the wall clock was set back", () => {
  using bench = new StoreBench();
  const grower = new Grower();
  for (let life = 0; life < 3; life++) {
    const daemon = bench.daemon();
    grower.grow(daemon);
    daemon.kill();
    bench.wallOffsetMs -= 86_400_000;
  }
  grower.grow(bench.daemon());
});

Deno.test("STORE_UNAVAILABLE when the ledger is deleted under a running daemon, and no lock is lost", () => {
  using bench = new StoreBench();
  const daemon = bench.daemon();
  daemon.grant(1, "EX", { name: "held" });
  daemon.wait(2, "EX", { name: "held" });
  Deno.removeSync(bench.path(LEDGER));
  equal(daemon.refusal(3, "EX", { name: "new" }), "STORE_UNAVAILABLE");
  const answer = daemon.answer(3);
  ok(answer?.type === "refused");
  match(
    answer.message,
    /^Cannot use .*ledger: it was deleted or moved while the daemon ran; restart all daemons/,
  );
  ok(daemon.holds(1, "s"));
  equal(daemon.effects.some((effect) => effect.type === "lost"), false);
  daemon.release(1);
  daemon.check();
});

Deno.test("[P-24] a daemon does not start on a ledger in which nothing can be read, or tokens have run out", () => {
  for (const content of ["x".repeat(4_096), "4711\n"]) {
    using bench = new StoreBench();
    Deno.writeTextFileSync(bench.path(LEDGER), content);
    throws(() => bench.daemon(), (error) => {
      return error instanceof LedgerError && /no number in it can be read/.test(error.message);
    });
  }
  using bench = new StoreBench();
  const line = new Uint8Array(LINE_BYTES);
  writeLine(line, 0, { letter: "L", number: Number.MAX_SAFE_INTEGER, mode: "NL", origin: "d" });
  Deno.writeFileSync(bench.path(LEDGER), line);
  throws(() => bench.daemon(), LedgerError);
});

Deno.test("[P-24] one damaged line of the ledger costs no token", () => {
  for (const offset of [0, 512, 1024, 1536]) {
    using bench = new StoreBench();
    const grower = new Grower();
    const daemon = bench.daemon();
    grower.grow(daemon);
    daemon.close();
    const file = Deno.openSync(bench.path(LEDGER), { write: true });
    file.seekSync(offset, Deno.SeekMode.Start);
    file.writeSync(new TextEncoder().encode("torn"));
    file.close();
    grower.grow(bench.daemon());
  }
});

Deno.test("[P-24] a record that nobody can have given counts as none", () => {
  for (const number of [Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER - 1]) {
    using bench = new StoreBench();
    const line = new Uint8Array(LINE_BYTES);
    writeLine(line, 0, { letter: "T", number, mode: "PR", origin: "d" });
    Deno.writeFileSync(bench.path("x.lck"), line);
    const daemon = bench.daemon();
    const tokens = (["EX", "PR", "NL", "CW"] as const).map((mode, index) => {
      const token = daemon.grant(index + 1, mode);
      daemon.release(index + 1);
      return token;
    });
    ok(tokens.every((token) => token < Number.MAX_SAFE_INTEGER / 2), String(tokens));
  }
});

Deno.test("[P-24] a name that was given many tokens and whose file is gone goes on above them", () => {
  using bench = new StoreBench();
  const daemon = bench.daemon();
  let last = 0;
  for (let id = 1; id <= 5 * TOKENS_RESERVED; id++) {
    last = daemon.grant(id, "EX");
    daemon.release(id);
  }
  Deno.removeSync(bench.path("x.lck"));
  ok(bench.daemon().grant(1, "EX") > last);
});

Deno.test("[P-24] a daemon that joins others goes on with their tokens, whoever of them stays", () => {
  using bench = new StoreBench();
  const tokens: number[] = [];
  let before: BenchDaemon | undefined;
  for (let index = 0; index < 4; index++) {
    const daemon = bench.daemon();
    tokens.push(daemon.grant(1, "EX"));
    daemon.release(1);
    before?.close();
    before = daemon;
  }
  const [first = 0] = tokens;
  ok(tokens.every((token, index) => index === 0 || token > (tokens[index - 1] ?? 0)), String(tokens));
  ok(tokens.every((token) => token < first + LIMIT_STEP), "no new life of the directory began");
});
