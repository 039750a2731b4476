/**
 * The floor: a server in the same runtime that reads lines and answers each with a short one, and does
 * nothing else.
 *
 * @module
 */

/** A running echo server. */
export interface Echo extends AsyncDisposable {
  readonly pid: number;
  /** `tcp://127.0.0.1:…` */
  readonly place: string;
}

/** Starts an echo server as a process of its own. */
export async function startEcho(): Promise<Echo> {
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-prompt", "--allow-net=127.0.0.1", new URL(import.meta.url).pathname],
    stdout: "piped",
  }).spawn();
  const reader = child.stdout.pipeThrough(new TextDecoderStream()).getReader();
  const { value = "" } = await reader.read();
  return {
    pid: child.pid,
    place: `tcp://127.0.0.1:${value.trim()}`,
    [Symbol.asyncDispose]: async () => {
      child.kill("SIGKILL");
      await reader.cancel();
      await child.status;
    },
  };
}

async function echo(socket: Deno.TcpConn): Promise<void> {
  const [buffer, answer] = [
    new Uint8Array(65_536),
    new TextEncoder().encode('{"id":1,"ok":true,"lock":1}\n'),
  ];
  try {
    for (let count = await socket.read(buffer); count !== null; count = await socket.read(buffer)) {
      let lines = 0;
      for (let at = 0; at < count; at++) if (buffer[at] === 0x0a) lines++;
      const answers = new Uint8Array(lines * answer.length);
      for (let line = 0; line < lines; line++) answers.set(answer, line * answer.length);
      for (let sent = 0; sent < answers.length;) sent += await socket.write(answers.subarray(sent));
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe)) {
      throw error;
    }
  }
  socket.close();
}

if (import.meta.main) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  console.log(listener.addr.port);
  for await (const socket of listener) void echo(socket);
}
