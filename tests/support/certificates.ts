/**
 * Certificates for tests, made by openssl: an authority, and servers that it vouches for.
 *
 * @module
 */

/** One authority and one server of it: paths of PEM files. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

const NEW_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"];
const DAYS = ["-days", "2"];

/** Whether openssl is here; says aloud when it is not. */
export function hasOpenssl(): boolean {
  try {
    return run("version").success;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    console.warn("skipped: the tests of TLS need openssl, which is not here");
    return false;
  }
}

/**
 * Makes an authority and a server for `localhost` and 127.0.0.1, in files of a folder that begin with `name`.
 */
export function makeCertificates(folder: string, name: string): Certificates {
  const path = (ending: string) => `${folder}/${name}${ending}`;
  const [ca, cert, key] = [path("-ca.pem"), path("-cert.pem"), path("-key.pem")];
  const [caKey, request, extensions] = [path("-ca-key.pem"), path(".csr"), path(".ext")];
  Deno.writeTextFileSync(
    extensions,
    "subjectAltName=DNS:localhost,IP:127.0.0.1\nbasicConstraints=CA:FALSE\n",
  );
  run("req", "-x509", ...NEW_KEY, "-keyout", caKey, "-out", ca, ...DAYS, "-subj", `/CN=${name} authority`);
  run("req", ...NEW_KEY, "-keyout", key, "-out", request, "-subj", `/CN=${name}`);
  const signed = ["-CA", ca, "-CAkey", caKey, "-CAcreateserial", "-extfile", extensions];
  run("x509", "-req", "-in", request, ...signed, ...DAYS, "-out", cert);
  return { ca, cert, key };
}

function run(...args: string[]): Deno.CommandOutput {
  const output = new Deno.Command("openssl", { args, stdin: "null" }).outputSync();
  if (output.success) return output;
  throw new Error(`openssl ${args[0]}: ${new TextDecoder().decode(output.stderr)}`);
}
