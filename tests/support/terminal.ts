/**
 * A terminal with a shell in it, as a person has: `script` of util-linux gives the pseudo-terminal, and an
 * interactive `bash` the job control.
 *
 * @module
 */

/** A shell at a terminal. */
export interface Terminal extends AsyncDisposable {
  /** All that the screen showed so far. */
  readonly screen: string;
  /** Types; `\x03` is Ctrl-C, `\x1a` is Ctrl-Z, `\n` is Enter. */
  type(keys: string): Promise<void>;
}

/** Why there is no terminal to be had here; undefined when there is. */
export function terminalMissing(): string | undefined {
  for (const program of ["script", "bash"]) {
    try {
      new Deno.Command(program, { args: ["--version"], stdout: "null", stderr: "null" }).outputSync();
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
      return `${program} is not installed`;
    }
  }
  return undefined;
}

/** Opens a terminal with a shell in it. */
export function openTerminal(environment: Readonly<Record<string, string>>): Terminal {
  const child = new Deno.Command("script", {
    args: ["--quiet", "--return", "--command", "bash --norc --noprofile -i", "/dev/null"],
    env: { ...environment, PS1: "$ ", TERM: "dumb", HISTFILE: "/dev/null" },
    stdin: "piped",
    stdout: "piped",
    stderr: "null",
    detached: true,
  }).spawn();
  const writer = child.stdin.getWriter();
  let screen = "";
  const reading = (async () => {
    for await (const text of child.stdout.pipeThrough(new TextDecoderStream())) screen += text;
  })();
  return {
    get screen() {
      return screen;
    },
    type: (keys) => writer.write(new TextEncoder().encode(keys)),
    async [Symbol.asyncDispose]() {
      try {
        child.kill("SIGKILL");
      } catch (error) {
        // It has ended already.
        if (!(error instanceof TypeError)) throw error;
      }
      await writer.close().catch(() => {});
      await Promise.all([child.status, reading]);
    },
  };
}
