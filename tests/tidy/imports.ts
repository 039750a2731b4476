/**
 * Who may import whom: the floors of the architecture as a table. Imports go down, never up, and never in a
 * circle; from outside comes only what the list of dependencies names (`docs/design/dependencies.md`).
 *
 * @module
 */
import type { SourceFile } from "./source_file.ts";

/** What the files of one place may import. */
export interface Floor {
  /** A folder (`client/`: all below it) or single files (`server/*`: not those in folders of it). */
  readonly place: string;
  /** Folders and files that it may import; all of a folder. */
  readonly may: readonly string[];
}

const UNDER_SESSION = [
  "server/session/",
  "server/store/",
  "server/lock/",
  "server/base/",
  "client/protocol/",
];

/** The floors, the most special place first: the first that fits counts. */
export const FLOORS: readonly Floor[] = [
  { place: "client/protocol/", may: ["client/protocol/"] },
  { place: "client/", may: ["client/"] },
  { place: "ffi/", may: ["ffi/", "server/base/"] },
  { place: "server/base/", may: ["server/base/", "client/protocol/"] },
  { place: "server/lock/", may: ["server/lock/", "server/base/", "client/protocol/"] },
  {
    place: "server/store/",
    may: ["server/store/", "server/lock/", "ffi/", "server/base/", "client/protocol/"],
  },
  { place: "server/session/", may: UNDER_SESSION },
  { place: "server/dialect/", may: ["server/dialect/", ...UNDER_SESSION] },
  // Runs in browsers; of the daemon it knows the types of its answers, in comments.
  { place: "server/web/", may: ["server/web/"] },
  {
    // Tells health and metrics as well as locks, and gives the page.
    place: "server/http/",
    may: ["server/http/", "server/web/", "server/metrics/", "server/dialect/", ...UNDER_SESSION],
  },
  {
    // Looks on at sessions, and counts the calls that a store makes: over both, and under what shows it.
    place: "server/metrics/",
    may: ["server/metrics/", "ffi/", ...UNDER_SESSION],
  },
  {
    place: "server/transport/http.ts",
    // Refuses what is no upgrade in the words that all of HTTP has.
    may: ["server/http/problem_response.ts", "server/transport/", "server/dialect/", ...UNDER_SESSION],
  },
  {
    // The seam of the client's transports: a connection within one process is both ends.
    place: "server/transport/in_process.ts",
    may: ["client/transport/transport.ts", "server/transport/", "server/dialect/", ...UNDER_SESSION],
  },
  { place: "server/transport/", may: ["server/transport/", "server/dialect/", ...UNDER_SESSION] },
  // Who may do what: the gate that sessions ask.
  {
    place: "server/access/",
    may: ["server/access/", "server/session/", "server/config_error.ts", "server/base/", "client/protocol/"],
  },
  {
    place: "server/doctor/command.ts",
    // It opens the cluster as the daemon would.
    may: ["server/doctor/", "server/config.ts", "server/etcd_foundation.ts", "server/base/", "ffi/"],
  },
  {
    place: "server/doctor/",
    may: ["server/doctor/", "server/store/", "ffi/", "server/base/", "client/protocol/"],
  },
  // Runs a member of etcd beside the daemon; asks the others to take it in.
  {
    place: "server/managed/",
    may: ["server/managed/", "server/store/etcd/", "ffi/", "server/base/", "client/protocol/"],
  },
  { place: "server/*", may: ["server/", "client/", "ffi/"] },
  { place: "mod.ts", may: ["server/", "client/", "ffi/"] },
  { place: "tools/", may: ["tools/"] },
  { place: "examples/", may: ["examples/", "mod.ts"] },
  // What users are shown is tested too.
  { place: "tests/", may: ["server/", "client/", "ffi/", "tests/", "tools/", "examples/", "mod.ts"] },
];

/**
 * Packages from a registry, by the name that the import map gives them, with the places that may import them.
 */
export const PACKAGES: Readonly<Record<string, readonly string[]>> = {
  "@bufbuild/protobuf": ["server/store/etcd/"],
  "@connectrpc/connect": ["server/store/etcd/"],
  "@connectrpc/connect-node": ["server/store/etcd/"],
  // Ours: the suite of the client imports it by the name that it is installed under.
  "@distrilock/client": ["tests/runtimes/"],
  "@distrilock/client/web-locks": ["tests/runtimes/"],
  "@redis/client": ["tests/"],
  "@seriousme/openapi-schema-validator": ["tests/"],
  "ajv": ["tests/"],
  // The one module of it that knows the JSON Schema of today.
  "ajv/dist/2020.js": ["tests/"],
  "axe-core": ["tests/"],
  "esbuild": ["tests/runtimes/"],
  "fast-check": ["tests/"],
  "playwright-core": ["tests/"],
  "postgres": ["examples/", "tests/"],
  "hono": ["server/http/"],
  "@opentelemetry/api": ["server/metrics/tracing.ts", "tests/"],
  "prom-client": ["server/metrics/exposition.ts"],
  "yaml": ["tests/"],
};

/** Imports that the floors do not allow. */
export function checkFloors(files: readonly SourceFile[]): string[] {
  return files.filter(({ isTypeScript }) => isTypeScript).flatMap((file) => {
    const floor = FLOORS.find(({ place }) => isIn(file.path, place));
    if (floor === undefined) {
      return [
        `${file.path}: a file outside all floors is banned, use a folder of the table in tests/tidy/imports.ts`,
      ];
    }
    return relativeImports(file)
      .filter(({ path }) => !floor.may.some((place) => isIn(path, place)))
      .map(({ path, line }) =>
        `${file.at(line)}: import of ${path} is banned, use what ${floor.place} may import: ${
          floor.may.join(" ")
        }`
      );
  });
}

/**
 * Circles of imports, each once. Within one folder an `import type` makes no circle: it is gone at run time,
 * and records that know each other (a request, its session, its resource) have to name each other.
 */
export function checkCircles(files: readonly SourceFile[]): string[] {
  const counts = (importer: string) => ({ path, onlyTypes }: RelativeImport) => {
    return !onlyTypes || folderOf(path) !== folderOf(importer);
  };
  const sources = files.filter(({ isTypeScript }) => isTypeScript);
  const graph = new Map(
    sources.map((
      file,
    ) => [file.path, relativeImports(file).filter(counts(file.path)).map(({ path }) => path)]),
  );
  const done = new Set<string>();
  const circles: string[] = [];
  const visit = (path: string, trail: readonly string[]): void => {
    const start = trail.indexOf(path);
    if (start !== -1) circles.push([...trail.slice(start), path].join(" → "));
    if (start !== -1 || done.has(path)) return;
    for (const next of graph.get(path) ?? []) visit(next, [...trail, path]);
    done.add(path);
  };
  for (const path of graph.keys()) visit(path, []);
  return circles.map((circle) =>
    `${circle}: a circle of imports is banned, use a file of its own for what both need`
  );
}

/** Imports from outside the project that nobody has agreed to. */
export function checkPackages(files: readonly SourceFile[]): string[] {
  return files.flatMap((file) => {
    if (file.isTypeScript) {
      return file.facts.imports.filter(({ what }) => !isAgreed(file.path, what)).map(({ what, line }) =>
        `${
          file.at(line)
        }: import of ${what} is banned, use a relative path, node:, or what docs/design/dependencies.md names`
      );
    }
    return /(^|\/)deno\.json$/.test(file.path) ? checkImportMap(file) : [];
  });
}

function isAgreed(importer: string, specifier: string): boolean {
  if (/^(\.{1,2}\/|node:)/.test(specifier)) return true;
  if (!Object.hasOwn(PACKAGES, specifier)) return false;
  return PACKAGES[specifier]?.some((place) => isIn(importer, place)) ?? false;
}

function checkImportMap(file: SourceFile): string[] {
  const { imports = {} } = JSON.parse(file.text) as { imports?: Readonly<Record<string, string>> };
  return Object.entries(imports).flatMap(([name, target]) => {
    const isPinned = new RegExp(`^npm:${name}@\\d+\\.\\d+\\.\\d+$`).test(target);
    if (!Object.hasOwn(PACKAGES, name)) {
      return [`${file.path}: package ${name} is banned, use what docs/design/dependencies.md names`];
    }
    return isPinned ? [] : [`${file.path}: ${target} is banned, use npm:${name}@ with an exact version`];
  });
}

interface RelativeImport {
  readonly path: string;
  readonly line: number;
  readonly onlyTypes: boolean;
}

function folderOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/") + 1);
}

function relativeImports(file: SourceFile): RelativeImport[] {
  return file.facts.imports.filter(({ what }) => what.startsWith(".")).map(({ what, line, onlyTypes }) => {
    const { pathname } = new URL(what, `file:///${file.path}`);
    return { path: decodeURI(pathname.slice(1)), line, onlyTypes };
  });
}

function isIn(path: string, place: string): boolean {
  if (place.endsWith("/")) return path.startsWith(place);
  if (place.endsWith("/*")) {
    return path.startsWith(place.slice(0, -1)) && !path.slice(place.length - 1).includes("/");
  }
  return path === place;
}
