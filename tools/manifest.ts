/**
 * The manifest of the npm package: what `deno pack` makes of `client/deno.json`, and what it has no word for.
 *
 * Source: https://docs.npmjs.com/cli/v11/configuring-npm/package-json, https://nodejs.org/api/packages.html
 * (conditions)
 *
 * @module
 */

/** A `package.json`. */
export type Manifest = Readonly<Record<string, unknown>> & {
  readonly version: string;
  readonly exports: Readonly<Record<string, unknown>>;
};

/**
 * Entries of `client/deno.json` that exist so that `deno pack` takes their files along; nobody imports them
 * by that name.
 */
const PACKED_ONLY: readonly string[] = ["./cli", "./no-sockets", "./no-thread", "./pilot-node"];

const FIELDS = {
  description:
    "Distributed locks that tell you when they are lost: fencing tokens, six modes, fair queues, no polling",
  keywords: [
    "lock",
    "mutex",
    "distributed-lock",
    "lock-manager",
    "fencing-token",
    "semaphore",
    "leader-election",
    "nfs",
    "etcd",
  ],
  bin: { distrilock: "cli/distrilock.js" },
  // What needs Node is not for browsers, which their bundlers learn here.
  browser: {
    "./transport/sockets.js": "./transport/no_sockets.js",
    "./pilot/node_thread.js": "./pilot/no_thread.js",
  },
  engines: { node: ">=20" },
  // Programs; all other modules can be left out when nothing of them is used.
  sideEffects: ["./cli/distrilock.js", "./pilot/node_worker.js", "./pilot/web_worker.js"],
} as const;

/**
 * The manifest that is published. There is no `repository` field as long as the project has no public
 * address.
 */
export function completed(packed: Manifest): Manifest {
  const entries = Object.entries(packed.exports).filter(([entry]) => !PACKED_ONLY.includes(entry));
  const exports = { ...Object.fromEntries(entries), "./package.json": "./package.json" };
  return { ...packed, exports, ...FIELDS };
}
