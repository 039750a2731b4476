/**
 * distrilock for Deno programs: the client library. Programs on npm use the package in `client/`, which is the same code.
 *
 * @module
 */
export * from "./client/mod.ts";
