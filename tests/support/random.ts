/**
 * Random numbers that a seed repeats.
 *
 * Source: mulberry32 by Tommy Ettinger (public domain).
 *
 * @module
 */

/** Gives whole numbers from 0 to `below` - 1. */
export type Random = (below: number) => number;

/** The numbers of one seed. */
export function randomFrom(seed: number): Random {
  let state = seed;
  return (below) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % below;
  };
}

/** One of several. */
export function oneOf<T>(random: Random, choices: readonly [T, ...T[]]): T {
  return choices[random(choices.length)] ?? choices[0];
}
