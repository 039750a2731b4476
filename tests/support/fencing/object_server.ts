/**
 * A small server of objects with conditional writes, as S3 has them.
 *
 * @module
 */

interface StoredObject {
  readonly body: string;
  readonly etag: string;
  readonly metadata: readonly (readonly [string, string])[];
}

/** The objects of a test, by path. */
export class ObjectServer implements AsyncDisposable {
  readonly #objects = new Map<string, StoredObject>();
  readonly #server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen: () => {} },
    (request) => this.#serve(request),
  );
  #writes = 0;
  /** Called before each write is looked at: a test may let others write first. */
  beforePut: (request: Request) => Promise<void> = () => Promise.resolve();

  /** Where an object is. */
  url(path: string): string {
    return `http://127.0.0.1:${this.#server.addr.port}/${path}`;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#server.shutdown();
  }

  async #serve(request: Request): Promise<Response> {
    const { pathname } = new URL(request.url);
    if (request.method === "PUT") {
      await this.beforePut(request);
      return this.#put(pathname, await request.text(), request.headers);
    }
    const found = this.#objects.get(pathname);
    if (found === undefined) return new Response(null, { status: 404 });
    const headers = [["etag", found.etag] as const, ...found.metadata].map(([name, value]) =>
      [name, value] as [string, string]
    );
    return new Response(request.method === "HEAD" ? null : found.body, { headers });
  }

  #put(pathname: string, body: string, headers: Headers): Response {
    const found = this.#objects.get(pathname);
    const isMet = headers.has("if-none-match")
      ? found === undefined
      : !headers.has("if-match") || headers.get("if-match") === found?.etag;
    if (!isMet) return new Response(null, { status: 412 });
    const metadata = [...headers].filter(([name]) => name.startsWith("x-amz-meta-"));
    this.#objects.set(pathname, { body, etag: `"${++this.#writes}"`, metadata });
    return new Response(null, { status: 200 });
  }
}
