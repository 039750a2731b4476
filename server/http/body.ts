/**
 * Bodies of requests: JSON objects, read to a limit and within a time.
 *
 * Source: RFC 9110 sections 8.3 (Content-Type), 15.5.14 (413) and 15.5.16 (415).
 *
 * @module
 */
import { type Fields, isFields } from "../../client/protocol/requests.ts";
import { badRequest, Refusal } from "../dialect/rest_problem.ts";

/** How much of a body is read, and for how long. */
export interface BodyLimits {
  readonly frameBytesMax: number;
  readonly helloTimeoutMs: number;
}

/** The fields of a request's body; none when it has no body. Rejects with a {@link Refusal}. */
export async function readBody(request: Request, limits: BodyLimits): Promise<Fields> {
  const bytes = await readBytes(request, limits);
  if (bytes.length === 0) return {};
  checkType(request.headers);
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (error) {
    if (!(error instanceof SyntaxError) && !(error instanceof TypeError)) throw error;
    throw badRequest("Cannot read the body: it is no JSON in UTF-8");
  }
  if (!isFields(value)) throw badRequest("Cannot read the body: it is no JSON object");
  return value;
}

function checkType(headers: Headers): void {
  const [type = ""] = (headers.get("content-type") ?? "").split(";", 1);
  // What a page may send without asking first (forms, plain text) is none of ours, so no page of others can
  // lock by a form.
  if (type.trim().toLowerCase() !== "application/json") {
    throw badRequest(`Cannot read a body of type ${JSON.stringify(type)}: want application/json`, 415);
  }
  const encoding = headers.get("content-encoding") ?? "identity";
  if (encoding.toLowerCase() !== "identity") {
    throw badRequest(`Cannot read a body in ${JSON.stringify(encoding)}: want it as it is`, 415);
  }
}

async function readBytes(
  { body, headers }: Request,
  { frameBytesMax, helloTimeoutMs }: BodyLimits,
): Promise<Uint8Array> {
  if (body === null) return new Uint8Array();
  const tooLong = badRequest(
    `Cannot read the body: it is longer than frameBytesMax, ${frameBytesMax} bytes`,
    413,
  );
  if (Number(headers.get("content-length") ?? 0) > frameBytesMax) throw tooLong;
  const reader = body.getReader();
  const message = `Cannot read the body: it did not come within ${helloTimeoutMs} ms`;
  const late = Promise.withResolvers<never>();
  const timer = setTimeout(() => late.reject(new Refusal({ code: "TIMEOUT", message })), helloTimeoutMs);
  try {
    const chunks: Uint8Array[] = [];
    for (let length = 0;;) {
      const { done, value } = await Promise.race([reader.read(), late.promise]);
      if (done) return join(chunks, length);
      chunks.push(value);
      length += value.length;
      if (length > frameBytesMax) throw tooLong;
    }
  } catch (error) {
    // What is left of it is of no use. That it cannot be cancelled either is no news.
    void reader.cancel().catch(() => {});
    if (error instanceof Refusal) throw error;
    throw badRequest("Cannot read the body: it was cut off");
  } finally {
    clearTimeout(timer);
  }
}

function join(chunks: readonly Uint8Array[], length: number): Uint8Array {
  const joined = new Uint8Array(length);
  let at = 0;
  for (const chunk of chunks) {
    joined.set(chunk, at);
    at += chunk.length;
  }
  return joined;
}
