/**
 * Programs of the system that a test would like to have: it runs them where they are, and says aloud that it
 * skips where they are not.
 *
 * @module
 */

/** What a program said. */
export interface ToolRun {
  readonly code: number;
  /** Standard output and error together. */
  readonly text: string;
}

/**
 * Runs a program to its end; undefined, and a word on the console, when it is not installed. `input` is a
 * text for its standard input.
 */
export async function runTool(
  program: string,
  args: readonly string[],
  input = "",
): Promise<ToolRun | undefined> {
  let child: Deno.ChildProcess;
  try {
    child = new Deno.Command(program, { args: [...args], stdin: "piped", stdout: "piped", stderr: "piped" })
      .spawn();
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.log(`skipped: ${program} is not installed`);
    return undefined;
  }
  const writer = child.stdin.getWriter();
  const written = writer.write(new TextEncoder().encode(input)).then(() => writer.close());
  const [{ code, stdout, stderr }] = await Promise.all([child.output(), written]);
  const decoder = new TextDecoder();
  return { code, text: decoder.decode(stdout) + decoder.decode(stderr) };
}
