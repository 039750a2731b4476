/**
 * distrilock for Deno programs: the client library, and the same API on a directory without a daemon.
 * Programs on npm use the package in `client/`, which is the same client.
 *
 * ```ts ignore
 * import { openDirectory } from "./mod.ts";
 *
 * await using locks = await openDirectory("./locks", { name: "nightly" });
 * await locks.request("backup", async (lock) => {
 *   await backUp({ signal: lock.signal });
 * });
 * ```
 *
 * @module
 */
export * from "./client/mod.ts";
export { type DirectoryOptions, openDirectory } from "./server/embedded.ts";
