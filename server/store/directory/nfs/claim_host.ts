/**
 * The end of the line to the file server: performs operations on lock files, one after the other, each as
 * long as the server takes. Runs in a worker, so that a server that is away stops nobody else. It is the
 * claims of a local directory on other file calls; what it adds is to find out that a claim was lost.
 *
 * @module
 */
import type { Mode } from "../../../../client/protocol/modes.ts";
import type { Clock } from "../../../base/clock.ts";
import { covers } from "../../../lock/mode.ts";
import { PRIVATE_DIRECTORY } from "../file_name.ts";
import { readHolderNote, writeHolderNote } from "../holder_note.ts";
import { LocalClaims } from "../local_claims.ts";
import type { LockFile } from "../lock_file.ts";
import { LockFiles } from "../lock_files.ts";
import { LINE_BYTES } from "../record.ts";
import { NFS_TURNS } from "../turns.ts";
import { hasToken } from "../verification.ts";
import { type DirectCalls, DirectFiles } from "./direct_files.ts";
import type { Answer, Operation } from "./operations.ts";
import { PatientLedger } from "./patient_ledger.ts";
import { Roster, RosterError } from "./roster.ts";

const DONE: Answer = { type: "done" };
const LOST: Answer = { type: "lost" };
/** How often idle files are looked through, and how long they stay open, in milliseconds. */
const TIDY_INTERVAL_MS = 1_000;
const IDLE_FILE_MS = 30_000;

/** What a host is made with. */
export interface ClaimHostOptions {
  readonly calls: DirectCalls;
  readonly directory: string;
  /** Which of the workers this is. */
  readonly lane: number;
  readonly wallMs: () => number;
  readonly limits: { readonly lockFilesMax: number; readonly idleFilesMax: number };
}

/** Performs operations. */
export class ClaimHost {
  readonly #calls: DirectFiles;
  readonly #clock: Clock;
  readonly #files: LockFiles;
  readonly #claims: LocalClaims;
  readonly #ledger: PatientLedger;
  readonly #roster: Roster;
  readonly #line = new Uint8Array(LINE_BYTES);
  #tidyDueMs = 0;

  constructor({ calls, directory, lane, wallMs, limits }: ClaimHostOptions) {
    this.#calls = new DirectFiles(calls);
    this.#clock = { now: () => calls.bootMs(), wallMs };
    this.#files = new LockFiles({ calls: this.#calls, directory, ...limits, keepFiles: true });
    const path = `${directory}/${PRIVATE_DIRECTORY}`;
    this.#ledger = new PatientLedger(this.#calls, {
      path: `${path}/ledger`,
      wallMs,
      bootMs: () => calls.bootMs(),
      lane,
    });
    this.#claims = new LocalClaims({
      calls: this.#calls,
      files: this.#files,
      ledger: this.#ledger,
      clock: this.#clock,
      turns: NFS_TURNS,
    });
    this.#roster = new Roster(this.#calls, `${path}/roster`);
  }

  /** Performs one. */
  perform(operation: Operation): Answer {
    const now = this.#clock.now();
    const answer = this.#perform(operation, now);
    if (now >= this.#tidyDueMs) this.#tidy(now);
    return answer;
  }

  #perform(operation: Operation, now: number): Answer {
    switch (operation.op) {
      case "beat":
        return {
          type: "beaten",
          proofs: operation.descriptors.map((fd) => this.#calls.prove(fd, this.#line)),
        };
      case "look":
        return this.#look(operation.name);
      case "sign":
        return this.#sign(operation.text);
      case "close":
        this.#files.close();
        this.#ledger.close();
        this.#roster.close();
        return DONE;
      case "drop":
        this.#files.discard(operation.name);
        return DONE;
      default: {
        const answer = this.#performOnClaim(operation, now);
        const file = this.#files.get(operation.name);
        if (!file || !this.#calls.isBroken(file.fd)) return answer;
        this.#files.discard(operation.name);
        return LOST;
      }
    }
  }

  #performOnClaim(operation: Extract<Operation, { name: string }>, now: number): Answer {
    const { name } = operation;
    const file = this.#files.get(name);
    switch (operation.op) {
      case "admit":
        return this.#admit(operation, now);
      case "settle":
        if (operation.closing) this.#claims.closeValue(name, operation.closing);
        this.#settle(file, operation.union, now);
        return DONE;
      case "await":
        this.#claims.beginAwaiting(name, operation.mode, now);
        return DONE;
      case "calm":
        this.#claims.endAwaiting(name);
        return DONE;
      case "note":
        if (file && file.claim !== "NL") writeHolderNote(this.#calls, file.fd, operation.party);
        return DONE;
      case "value": {
        if (!file || !covers(file.claim, "PW")) return LOST;
        const refusal = this.#claims.setValue({ value: operation.text }, name);
        return refusal ? { type: "refused", refusal } : DONE;
      }
      case "verify":
        return this.#verify(file, operation);
      default:
        return DONE;
    }
  }

  #admit(operation: Extract<Operation, { op: "admit" }>, now: number): Answer {
    const { name, mode, union, graceMs, tells } = operation;
    const admission = this.#claims.admit({ resource: { name }, mode, graceMs }, union, now);
    const file = this.#files.get(name);
    if (typeof admission === "number" && file) {
      const provenMs = this.#calls.provenMs(file.fd);
      return { type: "granted", descriptor: file.fd, token: admission, value: file.value, provenMs };
    }
    if (typeof admission === "object") return { type: "refused", refusal: admission };
    if (!tells || !file) return { type: "outside" };
    return { type: "outside", holder: readHolderNote(this.#calls, file.fd) };
  }

  /** Lets a claim shrink. What was to raise it may have failed meanwhile: here it never grows. */
  #settle(file: LockFile | undefined, union: Mode, now: number): void {
    if (!file || file.claim === union || !covers(file.claim, union)) return;
    // Unlocking takes the mark off a descriptor that its locks were lost. So where some of them are kept, it
    // is looked for first.
    if (union !== "NL" && this.#calls.read(file.fd, this.#line, 0) < 0) return;
    this.#claims.settle(file.name, union, now);
  }

  #verify(
    file: LockFile | undefined,
    { mode, token }: Extract<Operation, { op: "verify" }>,
  ): Answer {
    const held = file !== undefined && covers(file.claim, mode) &&
      hasToken(this.#calls, file, { mode, token });
    return { type: "verified", held, provenMs: file ? this.#calls.provenMs(file.fd) : -Infinity };
  }

  #sign(text: string): Answer {
    try {
      return { type: "signed", peers: this.#roster.sign(text) };
    } catch (error) {
      if (!(error instanceof RosterError)) throw error;
      return { type: "refused", refusal: { code: "STORE_UNAVAILABLE", message: error.message } };
    }
  }

  #look(name: string): Answer {
    const mode = this.#claims.outside(name);
    if (mode === null) return { type: "outside", mode };
    const holder = this.#files.look(name, (fd) => readHolderNote(this.#calls, fd)) ?? undefined;
    return { type: "outside", mode, holder };
  }

  #tidy(now: number): void {
    this.#tidyDueMs = now + TIDY_INTERVAL_MS;
    this.#files.tidy(now - IDLE_FILE_MS);
    // The main thread says who holds what; here it is only forgotten that something was granted.
    this.#claims.writeHolderNotes(() => undefined);
    this.#ledger.tidy();
  }
}
