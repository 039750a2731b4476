/**
 * Servers of other projects, as processes of their own, for tests that write to the real thing.
 *
 * @module
 */
import { within } from "../eventually.ts";

/** Where a program is, or undefined when it is not installed. */
export function findProgram(name: string, folders: readonly string[] = []): string | undefined {
  const path = Deno.env.get("PATH")?.split(":") ?? [];
  return [...folders, ...path].map((folder) => `${folder}/${name}`).find(isFile);
}

/**
 * The title of a test that needs a program, which says aloud that it is missing; and whether to ignore it.
 */
export function needing(
  program: string | undefined,
  title: string,
  debianPackage: string,
): { readonly name: string; readonly ignore: boolean } {
  const name = program === undefined
    ? `${title} (skipped: the Debian package ${debianPackage} is missing)`
    : title;
  return { name, ignore: program === undefined };
}

/**
 * Starts a server, and waits until a line that it prints matches. Disposing of it ends it, by its process id,
 * with `signal`.
 */
export async function startServer(
  program: string,
  args: readonly string[],
  { ready, signal, uid }: {
    readonly ready: RegExp;
    readonly signal: Deno.Signal;
    readonly uid?: number | undefined;
  },
): Promise<AsyncDisposable> {
  const child = new Deno.Command(program, {
    args: [...args],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
    ...(uid === undefined ? {} : { uid }),
  }).spawn();
  const said: string[] = [];
  const heard = Promise.withResolvers<void>();
  const reading = Promise.all([child.stdout, child.stderr].map(async (stream) => {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      said.push(text);
      if (ready.test(said.join(""))) heard.resolve();
    }
  })).then(() => heard.reject(new Error(`${program} ended before it was ready: ${said.join("")}`)));
  // Only counts when it comes before the line.
  heard.promise.catch(() => {});
  const end = async () => {
    try {
      child.kill(signal);
    } catch (error) {
      // It has ended already.
      if (!(error instanceof TypeError)) throw error;
    }
    await child.status;
    await reading;
  };
  try {
    await within(`${program} is ready`, heard.promise);
  } catch (error) {
    await end();
    throw error;
  }
  return { [Symbol.asyncDispose]: end };
}

function isFile(path: string): boolean {
  try {
    return Deno.statSync(path).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory) return false;
    throw error;
  }
}
