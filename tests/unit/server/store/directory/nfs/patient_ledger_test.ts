// The ledger of a directory on NFS: what becomes of it when its descriptor fails, or its locks are forgotten.
import { deepEqual, equal, notEqual, ok, throws } from "node:assert/strict";
import { ERRNO } from "../../../../../../ffi/errno.ts";
import { Libc } from "../../../../../../ffi/libc.ts";
import { LedgerError } from "../../../../../../server/store/directory/ledger_errors.ts";
import { LEASE_MS_LEAST } from "../../../../../../server/store/directory/nfs/belief.ts";
import { PatientLedger } from "../../../../../../server/store/directory/nfs/patient_ledger.ts";
import { BENCH_START_MS } from "../../../../../support/store_bench.ts";
import { temporaryDirectory } from "../../../../../support/daemon.ts";
import { FaultyFiles } from "../../../../../support/faulty_files.ts";
import { forgetfulFiles } from "../../../../../support/forgetful_files.ts";

const base = (ledger: PatientLedger) => ledger.reserve((from) => from);

Deno.test("PatientLedger is opened anew, unnoticed, when its locks were forgotten, and never goes back", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  const { calls, forget } = forgetfulFiles(libc);
  const files = new FaultyFiles(calls);
  const ledger = new PatientLedger(files, {
    path: `${directory.path}/ledger`,
    lane: 0,
    wallMs: () => BENCH_START_MS,
    bootMs: () => 0,
  });
  const bases = [base(ledger), base(ledger)];
  forget();
  bases.push(base(ledger), base(ledger));
  deepEqual(bases, [...new Set(bases)].sort((one, other) => one - other));
  equal(files.openDescriptors.length, 1, "the old descriptor is closed");
  const other = new PatientLedger(libc, {
    path: `${directory.path}/ledger`,
    lane: 0,
    wallMs: () => BENCH_START_MS,
    bootMs: () => 0,
  });
  equal(other.floor, ledger.floor, "whoever comes later finds that this one lives");
  other.close();
  ledger.close();
  deepEqual(files.openDescriptors, []);
});

Deno.test("PatientLedger says once what keeps failing, leaves nothing open, and works when it is mended", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  const files = new FaultyFiles(libc);
  const ledger = new PatientLedger(files, {
    path: `${directory.path}/ledger`,
    lane: 0,
    wallMs: () => BENCH_START_MS,
    bootMs: () => 0,
  });
  const before = base(ledger);
  for (const kind of ["write", "open", "sync"] as const) {
    ledger.close();
    files.fail({ errno: ERRNO.ENOSPC, kind, times: Infinity });
    try {
      throws(() => {
        for (let count = 0; count < 1_000_000; count++) base(ledger);
      }, LedgerError);
    } finally {
      files.heal();
    }
    deepEqual(files.openDescriptors, [], kind);
  }
  ok(base(ledger) > before);
  ledger.close();
});

Deno.test("[I-12] PatientLedger gives up a slot that was forgotten, before it is used beside another daemon that has it", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  const { calls, forget } = forgetfulFiles(libc);
  let bootMs = 0;
  const options = {
    path: `${directory.path}/ledger`,
    lane: 0,
    wallMs: () => BENCH_START_MS,
    bootMs: () => bootMs,
  };
  const [ledger, other] = [new PatientLedger(calls, options), new PatientLedger(libc, options)];
  const { slot } = ledger;
  forget();
  equal(other.slot, slot);
  // No server forgets sooner.
  bootMs = LEASE_MS_LEAST;
  notEqual(ledger.slot, slot);
  equal(other.slot, slot);
  for (const one of [ledger, other]) one.close();
});
