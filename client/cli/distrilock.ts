#!/usr/bin/env node
/**
 * The program of the npm package: the client's commands. The daemon is another program.
 *
 * @module
 */
import process from "node:process";
import { run } from "./main.ts";

process.exit(await run(process.argv.slice(2)));
