/**
 * A small process beside the command that ends it when this one cannot: because it was killed, or stands
 * still, while its lock passes on.
 *
 * It is a shell that reads lines: `group N` (what to end), `asked` (it was asked to end already), a number of
 * seconds (how long the lock is certain; the next line in time takes the place of this one), `done`. The end
 * of its input without a `done` means that this process was killed. It runs in a session of its own, so that
 * what hits this process does not hit it as well.
 *
 * @module
 */
import { type ChildProcess, spawn } from "node:child_process";
import process from "node:process";
import { tell } from "./output.ts";

/** How often the shell looks whether what it ended is gone, per second. */
const LOOKS_PER_SECOND = 10;
/** How long it tries to end what does not end, in looks. */
const KILLS_MAX = 20;

/**
 * POSIX shell with `timeout` and with `grep -z`, as GNU and BusyBox have them. Its words: the mark of the
 * family, and how often to look before killing. `next` ends with 0 for a line, 1 for the end of the input,
 * and 124 or 137 when none came in time. KILL, since the shell below ignores the rest as this one does.
 */
const SCRIPT = `
trap '' HUP INT QUIT TERM TSTP USR1 USR2 PIPE
mark=$1 looks=$2 group= limit= timed=yes ended= told=
next() {
  if [ -z "$limit" ]; then IFS= read -r line; return; fi
  line=$(timeout -s KILL "$limit" /bin/sh -c 'IFS= read -r line && printf %s "$line"')
} 2>/dev/null
hit() {
  found=1
  if [ -n "$group" ] && kill -s "$1" -- "-$group"; then found=0; fi
  for file in $(grep -lszxF -- "$mark" /proc/[0-9]*/environ); do
    pid=\${file#/proc/}
    if kill -s "$1" "\${pid%/environ}"; then found=0; fi
  done
  if [ "$found" = 0 ]; then ended=yes; fi
  return "$found"
} 2>/dev/null
finish() {
  if [ "$looks" -gt 0 ] && hit TERM; then
    hit CONT
    while [ "$looks" -gt 0 ] && hit 0; do looks=$((looks - 1)); sleep ${1 / LOOKS_PER_SECOND}; done
  fi
  kills=${KILLS_MAX}
  while [ "$kills" -gt 0 ] && hit KILL; do kills=$((kills - 1)); sleep ${1 / LOOKS_PER_SECOND}; done
  if [ "$ended" = yes ] && [ -z "$told" ]; then echo "distrilock: $1, the command was ended" >&2; fi
  exit
}
while :; do
  next
  case $? in
    0) ;;
    1) finish 'the process that kept the lock is gone' ;;
    124 | 137) finish 'the process that keeps the lock stood still' ;;
    # There is no such program here: what is left is to wait for the end of the input.
    *) limit=; timed=no; continue ;;
  esac
  case $line in
    done) exit ;;
    asked) looks=0 told=yes ;;
    group*) group=\${line#group } ;;
    *) if [ "$timed" = yes ]; then limit=$line; fi ;;
  esac
done
`;

/** What a guard has to know. */
export interface GuardOptions {
  /** A variable as `NAME=value` that all of the family began with, and nobody else. */
  readonly mark: string;
  /** How long the family may go on after it was asked to end, in milliseconds; 0: it is not asked. */
  readonly killAfterMs: number;
}

/** The process beside the command. */
export class Guard {
  readonly #process: ChildProcess;
  readonly #ended: Promise<void>;
  #isOver = false;
  #isRelieved = false;

  /** Starts it. Where that fails, people are told, and the command runs without. */
  constructor({ mark, killAfterMs }: GuardOptions) {
    const looks = Math.floor(killAfterMs / 1_000 * LOOKS_PER_SECOND);
    this.#process = spawn("/bin/sh", ["-c", 'eval "$GUARD"', "distrilock-guard", mark, String(looks)], {
      // Its own directory and environment: it keeps no file system busy, and has not the mark itself.
      cwd: "/",
      env: { PATH: process.env.PATH ?? "/usr/bin:/bin", GUARD: SCRIPT },
      stdio: ["pipe", "ignore", "inherit"],
      detached: true,
    });
    this.#process.unref();
    this.#ended = new Promise((resolve) => {
      this.#process.once("error", (error: NodeJS.ErrnoException) => {
        this.#fail(error.code ?? error.message);
        resolve();
      });
      this.#process.once("exit", () => {
        this.#fail("it ended");
        resolve();
      });
    });
    // What was written when it had ended already; that it has is told by its exit.
    this.#process.stdin?.on("error", () => {});
  }

  /** The group that it ends, beside those who have the mark. */
  watch(group: number): void {
    this.#say(`group ${group}`);
  }

  /**
   * The lock is certain for so many milliseconds from now; the family is ended after that, unless this is
   * said again.
   */
  feed(ms: number): void {
    // 0 would be no limit.
    this.#say((Math.max(1, ms) / 1_000).toFixed(3));
  }

  /**
   * The family was asked to end, and has so many milliseconds: it is killed after that, without being asked
   * once more, on which many programs give up without tidying.
   */
  relieve(ms: number): void {
    this.#isRelieved = true;
    this.#say("asked");
    this.feed(ms);
  }

  /** Ends it without ending anything. Resolves when it has ended. */
  async stop(): Promise<void> {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#process.ref();
    this.#process.stdin?.end("done\n");
    await this.#ended;
  }

  #say(line: string): void {
    if (!this.#isOver) this.#process.stdin?.write(line + "\n");
  }

  #fail(why: string): void {
    if (this.#isOver) return;
    this.#isOver = true;
    // Then it has done what was left to do.
    if (this.#isRelieved) return;
    tell(`Cannot guard the command: ${why}; it goes on without its lock when this process is killed`);
  }
}
