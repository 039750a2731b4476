/**
 * Reads a stream of events as it comes, and does not wait for a daemon that is gone.
 *
 * @module
 */
/** @import { StreamEvent } from "./event_text.js" */
import { ApiError } from "./api.js";
import { EventText } from "./event_text.js";

/**
 * How long the stream may be silent before it is taken for dead, in milliseconds: three heartbeats as they
 * are by default.
 */
const SILENCE_MS_MAX = 45_000;

/**
 * What comes, piece by piece, with the id to go on from. Throws when nothing came for too long, not even a
 * heartbeat.
 *
 * @param {ReadableStream<string>} stream
 * @returns {AsyncGenerator<{ readonly events: readonly StreamEvent[], readonly lastId: string | undefined }>}
 */
export async function* readEvents(stream) {
  const text = new EventText();
  const reader = stream.getReader();
  try {
    for (;;) {
      const { value, done } = await beforeSilence(reader.read());
      if (done) return;
      yield { events: text.read(value), lastId: text.lastId };
    }
  } finally {
    // It may be broken already; then there is nothing to let go of.
    reader.cancel().catch(() => {});
  }
}

/**
 * Rejects when nothing comes for too long.
 *
 * @template T
 * @param {Promise<T>} reading
 * @returns {Promise<T>}
 */
async function beforeSilence(reading) {
  const { promise, reject } = Promise.withResolvers();
  const timer = setTimeout(() => {
    reject(new ApiError(`The daemon was silent for ${SILENCE_MS_MAX / 1_000} s`, { status: 0 }));
  }, SILENCE_MS_MAX);
  try {
    return await Promise.race([reading, promise]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Resolves after so many milliseconds, or when the signal says that nobody waits any more.
 *
 * @param {number} ms
 * @param {AbortSignal} signal
 */
export async function pause(ms, signal) {
  const { promise, resolve } = Promise.withResolvers();
  const timer = setTimeout(resolve, ms);
  signal.addEventListener("abort", resolve, { once: true });
  await promise;
  clearTimeout(timer);
  signal.removeEventListener("abort", resolve);
}
