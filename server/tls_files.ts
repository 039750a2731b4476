/**
 * The certificates and the key of a daemon, from their files: read when it starts, and anew when it is told
 * to.
 *
 * @module
 */
import { X509Certificate } from "node:crypto";
import type { Log } from "./base/log.ts";
import type { Config } from "./config.ts";
import { checkCredentials, type TlsCredentials } from "./transport/port.ts";

/** Files that TLS cannot be spoken with. */
export class TlsFilesError extends Error {
  override readonly name = "TlsFilesError";
}

/**
 * Reads them; undefined when there shall be no TLS. Throws a {@link TlsFilesError} that says what is wrong
 * with them.
 */
export function readTlsFiles(
  { tlsCert, tlsKey }: Pick<Config, "tlsCert" | "tlsKey">,
  log: Log,
): TlsCredentials | undefined {
  if (tlsCert === null || tlsKey === null) return undefined;
  try {
    const credentials = { cert: Deno.readTextFileSync(tlsCert), key: Deno.readTextFileSync(tlsKey) };
    const { subject, validTo } = new X509Certificate(credentials.cert);
    checkCredentials(credentials);
    log.info("tls.loaded", { certificate: tlsCert, subject, validTo });
    return credentials;
  } catch (error) {
    if (!(error instanceof Error)) throw error;
    const files = `${JSON.stringify(tlsCert)} and ${JSON.stringify(tlsKey)}`;
    throw new TlsFilesError(`Cannot speak TLS with ${files}: ${error.message}`, { cause: error });
  }
}
