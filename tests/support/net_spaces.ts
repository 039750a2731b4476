/**
 * Networks of a test's own (Linux network namespaces): spaces that programs run in, each with one link to a
 * bridge that all share with the test, and that can be cut. Needs root, iproute2, and the right to make
 * namespaces.
 *
 * @module
 */

/** Why such networks cannot be made here, or undefined. Said aloud, once. */
export const NO_SPACES: string | undefined = missingReason();

function missingReason(): string | undefined {
  const name = `distrilock-try-${Deno.pid}`;
  const reason = "network namespaces cannot be made here (root and iproute2 are needed)";
  if (ip("netns", "add", name)) {
    const works = ip("netns", "exec", name, "true");
    ip("netns", "delete", name);
    if (works) return undefined;
  }
  console.error(`skipped: tests that cut members off from each other: ${reason}`);
  return reason;
}

function ip(...args: string[]): boolean {
  try {
    return new Deno.Command("ip", { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Runs `ip` with the words of a line. */
export function mustIp(line: string): void {
  if (!ip(...line.split(" "))) throw new Error(`Cannot do: ip ${line}`);
}

/** A place that a program runs in. */
export interface Space {
  readonly host: string;
  /** The command that runs another one there, which becomes it. */
  readonly through: readonly string[];
  /** Nothing goes in or out any more, and nobody is told. Not where all share one network. */
  cut(): void;
  mend(): void;
}

/** Some spaces. */
export class NetSpaces implements Disposable {
  readonly all: readonly Space[];
  readonly #mark: string;

  /** All on the loopback of this machine, when networks of their own cannot be made. */
  constructor(count: number) {
    // Names of links have at most 15 characters.
    const mark = this.#mark = (Deno.pid % 10_000).toString(36);
    const [net] = crypto.getRandomValues(new Uint8Array(1));
    if (NO_SPACES !== undefined) {
      const cut = () => {
        throw new Error(NO_SPACES);
      };
      this.all = Array.from({ length: count }, () => ({ host: "127.0.0.1", through: [], cut, mend: cut }));
      return;
    }
    mustIp(`link add dls${mark} type bridge`);
    mustIp(`addr add 10.198.${net}.1/24 dev dls${mark}`);
    mustIp(`link set dls${mark} up`);
    this.all = Array.from({ length: count }, (_, index) => {
      const [name, link, host] = [`dls-${mark}-${index}`, `dls${mark}${index}`, `10.198.${net}.${index + 2}`];
      mustIp(`netns add ${name}`);
      mustIp(`-n ${name} link set lo up`);
      mustIp(`link add ${link} type veth peer name net netns ${name}`);
      mustIp(`link set ${link} master dls${mark}`);
      mustIp(`link set ${link} up`);
      mustIp(`-n ${name} addr add ${host}/24 dev net`);
      mustIp(`-n ${name} link set net up`);
      return {
        host,
        through: ["ip", "netns", "exec", name],
        cut: () => mustIp(`link set ${link} down`),
        mend: () => mustIp(`link set ${link} up`),
      };
    });
  }

  [Symbol.dispose](): void {
    if (NO_SPACES !== undefined) return;
    for (const index of this.all.keys()) {
      // A namespace lives on for connections that nobody ended, and its link with it.
      mustIp(`link delete dls${this.#mark}${index}`);
      mustIp(`netns delete dls-${this.#mark}-${index}`);
    }
    mustIp(`link delete dls${this.#mark}`);
  }
}
