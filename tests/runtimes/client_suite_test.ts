/**
 * The suite of the client on every runtime, over every transport: on Deno from the sources, everywhere from
 * the packed tarball.
 *
 * @module
 */
import { match } from "node:assert/strict";
import { type ConnectOptions, connectWith } from "../../client/connect.ts";
import type { TransportEvents } from "../../client/transport/transport.ts";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import { within } from "../support/eventually.ts";
import { suiteForProcesses } from "./bundles.ts";
import { type Host, openHost } from "./host.ts";
import { checkOutcomes } from "./outcomes.ts";
import { installedProject, type Project } from "./project.ts";
import type { TransportName } from "./suite/stage.ts";
import { type Outcome, runWireless, WIRELESS_NAMES } from "./suite/suite.ts";
import { openToolbox, runProgram } from "./toolbox.ts";

/** A program with the words before those of the suite. */
type Runtime = readonly [string, ...string[]];

const SOURCES_MAIN = new URL("./suite/process_main.ts", import.meta.url).pathname;
/** Longest time that a whole run may take before it counts as hanging, in milliseconds. */
const RUN_MS_MAX = 60_000;

const { node24, bun, packages } = await openToolbox();
const node20 = (await nodeMajor()) === 20 ? "node" : undefined;
const deno = Deno.execPath();

const RUNS: readonly (readonly [string, readonly (string | undefined)[], TransportName, string?])[] = [
  ["Deno", [deno, "run", "-A", "--quiet"], "tcp"],
  ["Deno", [deno, "run", "-A", "--quiet"], "websocket"],
  ["Node 20", [node20], "tcp"],
  ["Node 20 with ws", [node20], "websocket", `${packages}/ws`],
  ["Node 20 with --experimental-websocket", [node20, "--experimental-websocket"], "websocket"],
  ["Node 24", [node24], "tcp"],
  ["Node 24", [node24], "websocket"],
  ["Bun", [bun, "run"], "tcp"],
  ["Bun", [bun, "run"], "websocket"],
];

let project: Project | undefined;

Deno.test.beforeAll(async () => {
  project = await installedProject();
  await Deno.writeTextFile(`${project.path}/suite.mjs`, suiteForProcesses());
});

Deno.test.afterAll(async () => {
  await project?.[Symbol.asyncDispose]();
});

for (const transport of ["tcp", "websocket"] as const) {
  Deno.test(`client: the suite passes from the sources on Deno (${transport})`, async () => {
    await using host = await openHost();
    checkOutcomes(await play([deno, "run", "-A", "--quiet"], SOURCES_MAIN, host, transport));
  });
}

Deno.test("client: the suite passes in the process of the daemon", async () => {
  using directory = temporaryDirectory();
  await using running = startDaemon(directory.path);
  const dial = () =>
    Promise.resolve((events: TransportEvents) => Promise.resolve(running.daemon.join(events)));
  const open = (options: ConnectOptions) => connectWith("distrilock://in-process", options, { dial });
  checkOutcomes(await runWireless(open, "suite"), WIRELESS_NAMES);
});

for (const [name, words, transport, module] of RUNS) {
  const ignore = words[0] === undefined;
  if (ignore) console.warn(`skipped: the suite of the client on ${name}, which is not here`);
  const fn = async () => {
    await using host = await openHost();
    checkOutcomes(await play(words as Runtime, `${project!.path}/suite.mjs`, host, transport, module));
  };
  Deno.test({ name: `client: the suite passes from the tarball on ${name} (${transport})`, ignore, fn });
}

Deno.test({
  name: "connect says on Node 20 how to have a WebSocket",
  ignore: node20 === undefined,
  async fn() {
    const program = `import { connect } from "@distrilock/client";
      await connect("ws://127.0.0.1").catch(({ name, message }) => console.log(name, message));`;
    const output = await runProgram("node", ["--input-type=module", "--eval", program], {
      cwd: project!.path,
    });
    match(output, /^ConnectionError Cannot connect to ws:.* has no WebSocket, .* the option webSocket\n$/);
  },
});

/** Runs the suite in a process to its own end. */
async function play(
  [program, ...words]: Runtime,
  main: string,
  host: Host,
  transport: TransportName,
  module?: string,
): Promise<readonly Outcome[]> {
  const setting = JSON.stringify({ ...host.setting(transport), run: "suite", module });
  const cwd = main.slice(0, main.lastIndexOf("/"));
  const hanging = new AbortController();
  const { signal } = hanging;
  try {
    const running = runProgram(program, [...words, main, setting], { cwd, signal });
    return JSON.parse(await within("the end of the process", running, RUN_MS_MAX));
  } finally {
    hanging.abort();
  }
}

/** The major version of the machine's Node. */
async function nodeMajor(): Promise<number> {
  const version = await runProgram("node", ["--version"], { cwd: "." });
  return Number(/^v(\d+)/.exec(version)?.[1]);
}
