/**
 * What every guarded resource must do, whatever it is made of.
 *
 * @module
 */
import { deepEqual, equal, ok, rejects } from "node:assert/strict";
import { StaleTokenError } from "../../../examples/fencing/stale_token_error.ts";

/** One way to a guarded value: a connection of its own. */
export interface GuardedValue {
  /** Throws a StaleTokenError. */
  write(value: string, token: number): Promise<void>;
  read(): Promise<string | undefined>;
}

/** Opens another way to the same value. */
export type OpenGuarded = () => Promise<GuardedValue>;

/** A case. */
export interface FencingCase {
  readonly title: string;
  run(open: OpenGuarded): Promise<void>;
}

/** Large enough that a number of 32 bits would not do. */
const TOKEN = 1_805_234_567_890;
const WRITERS = 8;

/** The cases. */
export const FENCING_CASES: readonly FencingCase[] = [
  {
    title: "a newer token passes, an equal one too, an old one is refused and changes nothing",
    async run(open) {
      const [old, next] = [await open(), await open()];
      await old.write("first", TOKEN);
      await old.write("again", TOKEN);
      await next.write("second", TOKEN + 1);
      await rejects(old.write("late", TOKEN), StaleTokenError);
      equal(await old.read(), "second");
      await next.write("third", TOKEN + 1);
      await rejects(old.write("later", TOKEN), StaleTokenError);
      await next.write("fourth", Number.MAX_SAFE_INTEGER);
      await rejects(old.write("latest", Number.MAX_SAFE_INTEGER - 1), StaleTokenError);
      equal(await next.read(), "fourth");
    },
  },
  {
    title: "of writers at the same time, none passes after a newer one",
    async run(open) {
      const writers = await Promise.all(Array.from({ length: WRITERS }, open));
      for (let round = 0; round < 10; round++) {
        const tokens = shuffled(round).map((which) => TOKEN + round * WRITERS + which);
        let greatestDone = 0;
        const results = await Promise.all(writers.map(async (writer, which) => {
          const token = tokens[which]!;
          const greatestBefore = greatestDone;
          try {
            await writer.write(String(token), token);
          } catch (error) {
            ok(error instanceof StaleTokenError, String(error));
            return;
          }
          ok(token >= greatestBefore, "a write that began after a newer one was done was refused");
          greatestDone = Math.max(greatestDone, token);
        }));
        deepEqual(results.length, WRITERS);
        equal(await writers[0]!.read(), String(Math.max(...tokens)), "the value is of the newest");
      }
    },
  },
  {
    title: "who looks on never sees an older token after a newer one",
    async run(open) {
      const writers = await Promise.all(Array.from({ length: WRITERS }, open));
      const onlooker = await open();
      let isDone = false;
      const done = Promise.all(writers.map(async (writer, which) => {
        for (let round = 0; round < 10; round++) {
          const token = TOKEN + round * WRITERS + which;
          await writer.write(String(token), token).catch((error) => ok(error instanceof StaleTokenError));
        }
      })).finally(() => isDone = true);
      const seen: number[] = [];
      while (!isDone) {
        seen.push(Number(await onlooker.read() ?? 0));
        // Where reading is synchronous the writers would never be heard otherwise.
        await new Promise((resolve) => setTimeout(resolve, 0));
      }
      await done;
      deepEqual(seen, seen.toSorted((a, b) => a - b));
      equal(await onlooker.read(), String(TOKEN + 10 * WRITERS - 1));
    },
  },
];

/** 0 to WRITERS - 1 in an order that differs by round. */
function shuffled(round: number): number[] {
  return Array.from({ length: WRITERS }, (_none, which) => (which * 5 + round * 3) % WRITERS);
}
