/**
 * The claims of one daemon on a directory on NFSv4, as the main thread knows them: every admission is
 * answered later, by a worker, and counts as long as its proof does.
 *
 * A claim that is lost is dropped: its descriptor is closed, whatever the server would still say of it, and
 * what was asked before that is not believed when it is answered. So nothing that was lost is ever taken
 * again for a lock that somebody had.
 *
 * @module
 */
import type { Party, ValueBlock } from "../../../../client/protocol/messages.ts";
import type { Mode } from "../../../../client/protocol/modes.ts";
import type { Admission, Candidate, Claims, Refusal } from "../../../lock/claims.ts";
import type { SetValue } from "../../../lock/commands.ts";
import { covers } from "../../../lock/mode.ts";
import { Place } from "../../../lock/request.ts";
import { type ArbiterHost, NOTHING_OUTSIDE, type Outside } from "../arbiter.ts";
import { type Belief, silenceMsMax } from "./belief.ts";
import type { Answered, Lanes } from "./lanes.ts";
import type { Answer, Operation } from "./operations.ts";
import { RemoteClaim } from "./remote_claim.ts";
import { Retries } from "./retries.ts";

/** How often a daemon that waits asks who holds the name elsewhere, in milliseconds. */
const TELL_INTERVAL_MS = 500;

const UNANSWERED: Refusal = {
  code: "STORE_UNAVAILABLE",
  message: "Cannot lock: the file server does not answer",
};

/** What claims are made with. */
export interface NfsClaimsOptions {
  readonly lanes: Lanes;
  readonly host: ArbiterHost;
  readonly belief: Belief;
  /** Milliseconds since the machine was started. */
  readonly bootMs: () => number;
}

interface Asked {
  readonly candidate: Candidate;
  readonly claim: RemoteClaim;
  readonly epoch: number;
}

/** The claims of one daemon on a directory on NFSv4. */
export class NfsClaims implements Claims {
  readonly #lanes: Lanes;
  readonly #host: ArbiterHost;
  readonly #belief: Belief;
  readonly #bootMs: () => number;
  readonly #known = new Map<string, RemoteClaim>();
  /** Admissions that have not been answered, nor given up. */
  readonly #asked = new Set<Asked>();
  readonly #retries = new Retries();
  readonly #outside = new Map<string, Outside>();
  #unnoted: RemoteClaim[] = [];
  #lost = 0;

  constructor({ lanes, host, belief, bootMs }: NfsClaimsOptions) {
    this.#lanes = lanes;
    this.#host = host;
    this.#belief = belief;
    this.#bootMs = bootMs;
  }

  get available(): boolean {
    return !this.#lanes.silent;
  }

  /** When {@link retryDue} has something to do: monotonic milliseconds, or Infinity. */
  get nextDueMs(): number {
    return this.#retries.nextDueMs;
  }

  /** Whether {@link writeHolderNotes} has something to do. */
  get hasUnnoted(): boolean {
    return this.#unnoted.length > 0;
  }

  /** All that is known. */
  all(): Iterable<RemoteClaim> {
    return this.#known.values();
  }

  /** The claim on a name, if one is known. */
  get(name: string): RemoteClaim | undefined {
    return this.#known.get(name);
  }

  /** When a belief in the claim ends: milliseconds since the machine was started. */
  endOf(claim: RemoteClaim): number {
    return claim.provenMs + this.#belief.believedMs;
  }

  admit(candidate: Candidate, union: Mode, now: number): Admission {
    const { resource: { name }, mode, graceMs } = candidate;
    const claim = this.#claim(name);
    if (this.#lanes.down) {
      this.#forgetIfIdle(claim);
      return UNANSWERED;
    }
    // A claim that covers it stays as it is until it is told to shrink.
    if (!covers(claim.wanted, union)) claim.wanted = union;
    claim.admissions++;
    const tells = !claim.awaiting || now - claim.toldMs >= TELL_INTERVAL_MS;
    if (tells) claim.toldMs = now;
    const asked: Asked = { candidate, claim, epoch: claim.epoch };
    this.#asked.add(asked);
    this.#send(claim, { op: "admit", name, mode, union, graceMs, tells }, (answer, then) => {
      claim.admissions--;
      if (this.#asked.delete(asked)) this.#host.admitted(candidate, this.#judge(asked, answer), then);
      this.#calmIfDone(claim);
    });
    return "later";
  }

  settle(name: string, union: Mode): void {
    const claim = this.#known.get(name);
    if (!claim || (claim.wanted === union && !claim.closing)) return;
    this.#send(claim, { op: "settle", name, union, closing: claim.closing });
    claim.wanted = union;
    claim.closing = undefined;
    if (union === "NL") claim.given = false;
  }

  value(name: string): ValueBlock | undefined {
    return this.#known.get(name)?.value;
  }

  setValue(command: SetValue, name: string): "later" {
    const claim = this.#claim(name);
    this.#send(claim, { op: "value", name, text: command.value }, (answer) => {
      const message = `Cannot set a value with ${command.lock}: it is lost`;
      const refusal = answer.type === "refused" ? answer.refusal : undefined;
      this.#host.valueSet(command, answer.type === "lost" ? { code: "NOT_HELD", message } : refusal);
    });
    return "later";
  }

  closeValue(name: string, how: "released" | "died"): void {
    const claim = this.#known.get(name);
    if (claim) claim.closing = how;
  }

  outsideHolder(name: string): Party | undefined {
    return this.outside(name).holder;
  }

  /** What was last seen that others hold. */
  outside(name: string): Outside {
    return this.#outside.get(name) ?? NOTHING_OUTSIDE;
  }

  /** Looks what others hold of a name. */
  look(name: string, done: () => void): void {
    const claim = this.#claim(name);
    this.#send(claim, { op: "look", name }, (answer) => {
      if (answer.type === "outside") {
        this.#outside.set(name, { mode: answer.mode ?? null, holder: answer.holder });
      }
      done();
      if (!this.#known.has(name)) this.#outside.delete(name);
    });
  }

  /** Asks the server about a lock that is held. */
  verify(
    name: string,
    { mode, token }: { mode: Mode; token: number },
    done: (held: boolean, now: number) => void,
  ): void {
    const claim = this.#claim(name);
    this.#send(claim, { op: "verify", name, mode, token }, (answer, now) => {
      if (answer.type !== "verified") return done(false, now);
      claim.provenMs = Math.max(claim.provenMs, answer.provenMs);
      done(answer.held, now);
    });
  }

  keptOut({ resource: { name }, mode }: Candidate): boolean {
    const claim = this.#known.get(name);
    return claim !== undefined && this.#retries.keepsOut(claim, mode);
  }

  awaitOutside(name: string, mode: Mode, now: number): void {
    const claim = this.#claim(name);
    if (this.#retries.add(claim, mode, now)) this.#send(claim, { op: "await", name, mode });
  }

  /** Tries again where it is time. */
  retryDue(now: number): void {
    for (let claim = this.#retries.takeDue(now); claim; claim = this.#retries.takeDue(now)) {
      this.#host.retry(claim.name, now);
      this.#calmIfDone(claim);
    }
  }

  /** Refuses what hangs. What was asked is undone if it is done after all. */
  giveUp(now: number): void {
    for (const asked of [...this.#asked]) {
      this.#asked.delete(asked);
      this.#host.admitted(asked.candidate, UNANSWERED, now);
    }
  }

  /**
   * The claim is not believed in any more: its locks end, and its descriptor is closed before anything else
   * is asked about the name.
   */
  lose(claim: RemoteClaim, now: number): void {
    claim.epoch++;
    this.#lost++;
    claim.wanted = "NL";
    claim.given = false;
    claim.provenMs = -Infinity;
    this.#send(claim, { op: "drop", name: claim.name });
    this.#host.lose(claim.name, now);
  }

  /** How many claims were lost since the last time. */
  takeLost(): number {
    const lost = this.#lost;
    this.#lost = 0;
    return lost;
  }

  /**
   * Writes down who holds the names on which something was granted since the last time, for people at other
   * daemons.
   */
  writeHolderNotes(): void {
    for (const claim of this.#unnoted.splice(0)) {
      claim.unnoted = false;
      const party = claim.given ? this.#host.holderOf(claim.name) : undefined;
      if (party) this.#send(claim, { op: "note", name: claim.name, party });
      else this.#forgetIfIdle(claim);
    }
  }

  #judge({ candidate, claim, epoch }: Asked, answer: Answer): Exclude<Admission, "later"> {
    if (answer.type === "refused") return answer.refusal;
    if (answer.type === "outside" && "holder" in answer) {
      this.#outside.set(claim.name, { mode: null, holder: answer.holder });
    }
    if (answer.type !== "granted" || claim.epoch !== epoch) return "outside";
    if (!this.#lasts(candidate, answer.provenMs)) return UNANSWERED;
    claim.provenMs = Math.max(claim.provenMs, answer.provenMs);
    claim.descriptor = answer.descriptor;
    // NL claims nothing, and what was given up while the worker was busy is not wanted any more.
    claim.given = claim.wanted !== "NL";
    claim.value = answer.value;
    this.#outside.delete(claim.name);
    if (!claim.unnoted) this.#unnoted.push(claim);
    claim.unnoted = true;
    return answer.token;
  }

  /**
   * Whether a grant stands for as long as clients count on, by this proof and those of its other names; an
   * answer that took too long for that is as good as none.
   */
  #lasts(candidate: Candidate, provenMs: number): boolean {
    const sinceMs = this.#bootMs() + silenceMsMax(this.#belief) - this.#belief.believedMs;
    const places = candidate instanceof Place ? candidate.request.places : [];
    const others = places.map((one) => one === candidate ? undefined : this.#known.get(one.resource.name));
    return provenMs >= sinceMs && others.every((claim) => !claim?.given || claim.provenMs >= sinceMs);
  }

  #calmIfDone(claim: RemoteClaim): void {
    if (this.#retries.calm(claim)) this.#send(claim, { op: "calm", name: claim.name });
  }

  #claim(name: string): RemoteClaim {
    let claim = this.#known.get(name);
    if (!claim) this.#known.set(name, claim = new RemoteClaim(name, this.#lanes.laneOf(name)));
    return claim;
  }

  #send(claim: RemoteClaim, operation: Operation, answered?: Answered): void {
    claim.errands++;
    this.#lanes.send(claim.lane, operation, (answer, now) => {
      claim.errands--;
      // Nothing is given between a loss and the answer to what was asked after it: a lane answers in order.
      if (answer.type === "lost" && claim.given) this.lose(claim, now);
      answered?.(answer, now);
      this.#forgetIfIdle(claim);
    });
  }

  #forgetIfIdle(claim: RemoteClaim): void {
    if (!claim.idle || claim.unnoted) return;
    this.#known.delete(claim.name);
    this.#outside.delete(claim.name);
  }
}
