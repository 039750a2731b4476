/**
 * A PostgreSQL server of a test's own. It listens on a socket in its directory, so no port can be taken.
 *
 * @module
 */
import postgres, { type Sql } from "postgres";
import { findProgram, startServer } from "./program.ts";

const FOLDERS = [19, 18, 17, 16, 15, 14, 13].map((version) => `/usr/lib/postgresql/${version}/bin`);
/** Anybody but root, as whom the server refuses to run. */
const NOBODY = 65_534;

/** Where the server is (Debian package `postgresql`), or undefined. */
export const POSTGRES = findProgram("postgres", FOLDERS);

/** A running server. */
export interface PostgresServer extends AsyncDisposable {
  /** Makes another database, empty. */
  create(): Promise<PostgresDatabase>;
}

/** A database of its own. */
export interface PostgresDatabase {
  /** Another connection; ended with the server. */
  connect(): Sql;
}

/** Makes a database in a directory, and serves it. */
export async function startPostgres(directory: string): Promise<PostgresServer> {
  const uid = Deno.uid() === 0 ? NOBODY : undefined;
  if (uid !== undefined) Deno.chownSync(directory, uid, null);
  const data = `${directory}/data`;
  const initdb = new Deno.Command(POSTGRES!.replace(/postgres$/, "initdb"), {
    args: ["-D", data, "-U", "test", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync"],
    cwd: directory,
    ...(uid === undefined ? {} : { uid }),
  });
  const { success, stderr } = await initdb.output();
  if (!success) throw new Error(`initdb failed: ${new TextDecoder().decode(stderr)}`);
  const settings = [
    "listen_addresses=",
    `unix_socket_directories=${directory}`,
    "fsync=off",
    "max_connections=100",
  ];
  const args = ["-D", data, ...settings.flatMap((setting) => ["-c", setting])];
  const stack = new AsyncDisposableStack();
  stack.use(
    await startServer(POSTGRES!, args, { ready: /ready to accept connections/, signal: "SIGINT", uid }),
  );
  const connect = (database: string) => {
    const sql = postgres({ host: directory, username: "test", database, max: 1, onnotice: () => {} });
    stack.defer(() => sql.end());
    return sql;
  };
  const administrator = connect("postgres");
  let databases = 0;
  return {
    async create() {
      const name = `case_${++databases}`;
      await administrator.unsafe(`CREATE DATABASE ${name}`);
      return { connect: () => connect(name) };
    },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}
