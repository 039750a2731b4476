#!/usr/bin/env node
/**
 * The program `distrilock` of the npm package: the client's commands, on Node, Deno or Bun.
 *
 * @module
 */
import process from "node:process";
import { run } from "./main.ts";

process.exit(await run(process.argv.slice(2)));
