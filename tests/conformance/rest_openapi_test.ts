// The OpenAPI document against the real routes: nothing is in one that is not in the other, and what the
// daemon answers has the shapes of the document.
import { deepEqual, equal, ok } from "node:assert/strict";
import { Validator } from "@seriousme/openapi-schema-validator";
import { Ajv2020 } from "ajv/dist/2020.js";
import type { ErrorCode } from "../../client/protocol/codes.ts";
import { openApiDocument } from "../../server/dialect/rest_openapi.ts";
import { ALWAYS, REST_OPERATIONS, WITH_BODY } from "../../server/dialect/rest_operations.ts";
import { SYSTEM_CLOCK } from "../../server/base/clock.ts";
import { STATUS_OF } from "../../server/dialect/rest_problem.ts";
import { createApp, type HttpParts } from "../../server/http/app.ts";
import { startDaemon, temporaryDirectory } from "../support/daemon.ts";
import {
  type RestAnswer,
  type RestBody,
  type RestGrant,
  type RestOptions,
  RestPeer,
} from "../support/rest_peer.ts";

// A copy that went through JSON, as programs get it.
const DOCUMENT: RestBody = JSON.parse(JSON.stringify(openApiDocument()));

/** The document's word for a path of the application. */
function documented(path: string): string {
  return path.replace(/:(\w+)/g, "{$1}").replace(/\*$/, "{name}");
}

Deno.test("[H-19] every route is in the document, and every operation of the document has its route", () => {
  // Only the routes are looked at, and making them asks nothing of the daemon.
  const parts = {
    limits: {},
    keySecret: new Uint8Array(32),
    sessions: { clock: SYSTEM_CLOCK },
  } as unknown as HttpParts;
  const routes = createApp(parts).routes
    .filter(({ method, path }) => method !== "ALL" && path.startsWith("/v1/"))
    .map(({ method, path }) => `${method.toLowerCase()} ${documented(path)}`);
  const operations = Object.entries(DOCUMENT.paths).flatMap(([path, methods]) =>
    Object.keys(methods as object).map((method) => `${method} ${path}`)
  );
  deepEqual([...new Set(routes)].sort(), operations.sort());
  const ids = Object.values(DOCUMENT.paths).flatMap((methods) =>
    Object.values(methods as object).map(({ operationId }) => operationId)
  );
  equal(new Set(ids).size, ids.length);
});

Deno.test("[H-19] the document is one of OpenAPI 3.1", async () => {
  const validator = new Validator();
  const { valid, errors } = await validator.validate(structuredClone(DOCUMENT));
  ok(valid, JSON.stringify(errors));
  equal(validator.version, "3.1");
});

const AJV = new Ajv2020({ strict: true, allErrors: true, allowUnionTypes: true, strictRequired: false });
AJV.addSchema({ $id: "distrilock", ...DOCUMENT }, "distrilock");
AJV.addVocabulary(["openapi", "info", "servers", "security", "paths", "components"]);

/** Judges a value by a schema of the document. */
function check(pointer: string, value: unknown): string {
  const validate = AJV.getSchema(`distrilock#${pointer}`);
  ok(validate, pointer);
  return validate(value) ? "" : AJV.errorsText(validate.errors);
}

function escaped(text: string): string {
  return encodeURIComponent(text.replaceAll("~", "~0").replaceAll("/", "~1"));
}

/** What the document says of an operation. */
interface Operation {
  readonly pointer: string;
  readonly responses: Readonly<Record<string, { readonly content?: Readonly<Record<string, unknown>> }>>;
}

function operationOf(id: string): Operation {
  const { path, method } = REST_OPERATIONS.find((operation) => operation.id === id)!;
  const { responses } = DOCUMENT.paths[path][method];
  return { pointer: `/paths/${escaped(path)}/${method}`, responses };
}

/** The answers that an operation gave, by their statuses; each is judged when it comes. */
class Answers {
  readonly seen = new Map<string, Set<number>>();
  readonly #peer: RestPeer;

  constructor(peer: RestPeer) {
    this.#peer = peer;
  }

  /** Asks for something that is an operation of the document, and judges what comes. */
  async ask(id: string, line: string, options: RestOptions = {}): Promise<RestAnswer> {
    const answer = await this.#peer.ask(line, options);
    this.judge(id, answer);
    return answer;
  }

  judge(id: string, { status, headers, body }: RestAnswer): void {
    const { pointer, responses } = operationOf(id);
    const response = responses[status];
    ok(response, `${id} is not documented to answer ${status}: ${JSON.stringify(body)}`);
    const type = headers.get("content-type") ?? "";
    ok(response.content && Object.hasOwn(response.content, type), `${id} ${status} has the type ${type}`);
    equal(
      check(`${pointer}/responses/${status}/content/${escaped(type)}/schema`, body),
      "",
      `${id} ${status}: ${JSON.stringify(body)}`,
    );
    this.seen.set(id, (this.seen.get(id) ?? new Set()).add(status));
  }
}

Deno.test("[H-19] what the daemon answers has the shapes and the statuses of the document", async () => {
  using directory = temporaryDirectory();
  await using daemon = startDaemon(directory.path, ["--http-wait-max", "1m", "--frame-bytes-max", "4096"]);
  const peer = new RestPeer(daemon);
  const answers = new Answers(peer);
  await askAboutLocks(answers);
  await askAboutNames(answers, peer);
  await askBadly(answers, await peer.acquire({ name: "bad" }));
  await askWhatIsNotThere(answers);
  await leave(answers, peer);
  await daemon.daemon.stopped;
  checkSeen(answers);
});

async function askAboutLocks(answers: Answers): Promise<void> {
  const body = {
    names: ["x", "a"],
    owner: "o",
    reason: "r",
    labels: { l: "v" },
    client: { name: "c", host: "h" },
  };
  const { body: several } = await answers.ask("acquire", "POST /v1/locks", { body });
  await answers.ask("look", `GET /v1/locks/${several.lock}`, { key: several.key });
  const refused = await answers.ask("acquire", "POST /v1/locks", { body: { name: "x" } });
  equal(refused.status, 423);
  await answers.ask("acquire", "POST /v1/locks", { body: { name: "x", wait: 10 } });
  const own = { name: "x", owner: "o", session: several.session, wait: 1_000 };
  equal((await answers.ask("acquire", "POST /v1/locks", { body: own, key: several.key })).status, 409);
  await answers.ask("release", `DELETE /v1/locks/${several.lock}`, { key: several.key });
  const { body: { lock, key } } = await answers.ask("acquire", "POST /v1/locks", { body: { name: "x" } });
  const path = `/v1/locks/${lock}`;
  await answers.ask("convert", `POST ${path}/convert`, { key, body: { mode: "PR", wait: 10 } });
  const other = await answers.ask("acquire", "POST /v1/locks", { body: { name: "x", mode: "PR" } });
  await answers.ask("convert", `POST ${path}/convert`, { key, body: { mode: "EX" } });
  await answers.ask("convert", `POST ${path}/convert`, { key, body: { mode: "EX", wait: 10 } });
  await answers.ask("release", `DELETE /v1/locks/${other.body.lock}`, { key: other.body.key });
  await answers.ask("convert", `POST ${path}/convert`, { key, body: { mode: "EX" } });
  await answers.ask("renew", `POST ${path}/renew`, { key });
  await answers.ask("verify", `POST ${path}/verify`, { key });
  await answers.ask("setValue", `PUT ${path}/value`, { key, body: { value: "v" } });
  await answers.ask("look", `GET ${path}`, { key });
  for (const [id, line] of aboutLock(lock)) {
    const body = id === "convert" ? { mode: "PR" } : id === "setValue" ? { value: "v" } : undefined;
    await answers.ask(id, line, { key: "x", body });
    await answers.ask(id, line.replace(lock, "gone.1"), { key: "x", body });
    await answers.ask(id, line, { body });
  }
}

function aboutLock(lock: string): readonly [id: string, line: string][] {
  return [
    ["look", `GET /v1/locks/${lock}`],
    ["release", `DELETE /v1/locks/${lock}`],
    ["renew", `POST /v1/locks/${lock}/renew`],
    ["convert", `POST /v1/locks/${lock}/convert`],
    ["verify", `POST /v1/locks/${lock}/verify`],
    ["setValue", `PUT /v1/locks/${lock}/value`],
  ];
}

async function askAboutNames(answers: Answers, peer: RestPeer): Promise<void> {
  const leaving = new AbortController();
  const body = { name: "x", wait: 60_000, owner: "w" };
  const wait = peer.ask("POST /v1/locks", { body, signal: leaving.signal }).catch(() => undefined);
  await peer.untilWaiting("x", 1);
  await answers.ask("who", "GET /v1/names/x");
  await answers.ask("explain", "GET /v1/explain/x");
  await answers.ask("list", "GET /v1/names?prefix=x&limit=1");
  const { body: { sessions } } = await answers.ask("sessions", "GET /v1/sessions?limit=10");
  await answers.ask("status", "GET /v1/status");
  await answers.ask("openapi", "GET /v1/openapi.json");
  leaving.abort();
  await wait;
  await peer.untilWaiting("x", 0);
  const reason = "stuck";
  const { token } = (await peer.ask("GET /v1/names/x")).body.held[0];
  await answers.ask("break", "POST /v1/break", { body: { name: "x", token: token - 1, reason } });
  await answers.ask("break", "POST /v1/break", { body: { name: "x", token, reason } });
  await answers.ask("break", "POST /v1/break", { body: { name: "x", token, reason } });
  const { body: { session } } = await answers.ask("acquire", "POST /v1/locks", { body: { name: "k" } });
  for (let twice = 0; twice < 2; twice++) {
    await answers.ask("kick", "POST /v1/kick", { body: { session, reason } });
  }
  ok(sessions.length > 0);
}

/** Every operation, asked in the ways that HTTP refuses. */
async function askBadly(answers: Answers, { lock, key }: RestGrant): Promise<void> {
  for (const { id, method, path, body } of REST_OPERATIONS) {
    const line = `${method.toUpperCase()} ${path.replace("{lock}", lock).replace("{name}", "a")}`;
    const ways: RestOptions[] = [
      { headers: { accept: "image/png" } },
      { headers: { origin: "https://evil.example" } },
    ];
    if (body !== undefined) {
      ways.push({ key, body: "x", headers: { "content-type": "text/plain" } });
      ways.push({ key, body: " ".repeat(5_000) });
      ways.push({ key, body: { dance: 1 } });
    }
    for (const options of ways) await answers.ask(id, line, options);
    await answers.ask(id, `${line}?dance=1`, body === undefined ? {} : { key, body: {} });
  }
}

async function askWhatIsNotThere(answers: Answers): Promise<void> {
  const idempotent = { headers: { "idempotency-key": "k" }, body: { name: "i" } };
  const { body: { lock, key, session } } = await answers.ask("acquire", "POST /v1/locks", idempotent);
  await answers.ask("release", `DELETE /v1/locks/${lock}`, { key });
  equal((await answers.ask("acquire", "POST /v1/locks", idempotent)).status, 404);
  equal((await answers.ask("acquire", "POST /v1/locks", { key, body: { name: "i", session } })).status, 410);
  equal((await answers.ask("acquire", "POST /v1/locks", { body: { name: "i", wait: 60_001 } })).status, 429);
}

async function leave(answers: Answers, peer: RestPeer): Promise<void> {
  const grant = await peer.acquire({ name: "last" });
  await answers.ask("drain", "POST /v1/drain");
  await answers.ask("acquire", "POST /v1/locks", { body: { name: "b" } });
  for (
    const [id, line] of [
      ["who", "GET /v1/names/a"],
      ["explain", "GET /v1/explain/a"],
      ["list", "GET /v1/names"],
      ["events", "GET /v1/events"],
      ["drain", "POST /v1/drain"],
    ] as const
  ) {
    await answers.ask(id, line);
  }
  await answers.ask("break", "POST /v1/break", { body: { name: "a", token: 1, reason: "r" } });
  await peer.release(grant);
}

/** Statuses that this test does not see, with where they come from. */
const ELSEWHERE: Readonly<Record<number, string>> = {
  401: "authentication, which no flag of this test turns on",
  499: "its client has gone: nobody sees it",
  500: "a broken rule of the daemon",
  503: "a daemon that leaves, where [H-15] does not let it go on; a store that cannot arbitrate",
  429: "connectionsMax: [H-20] has a test of its own",
  408: "a body that does not come: [H-1] has a test of its own",
};
/** Refusals that need a race, or a conversion that is kicked, to be seen. */
const RARE: Readonly<Record<string, readonly number[]>> = {
  convert: [409, 410],
};

function checkSeen({ seen }: Answers): void {
  for (const { id, status, refusals, body } of REST_OPERATIONS) {
    const codes: ErrorCode[] = [...ALWAYS, ...refusals, ...(body === undefined ? [] : WITH_BODY)];
    const wanted = new Set([status, 406, ...codes.map((code) => STATUS_OF[code])]);
    if (body !== undefined) { for (const one of [413, 415]) wanted.add(one); }
    const missing = [...wanted].filter((one) => !seen.get(id)?.has(one));
    const unexplained = missing.filter((one) => !Object.hasOwn(ELSEWHERE, one) && !RARE[id]?.includes(one));
    deepEqual(unexplained, id === "events" ? [200] : [], id);
  }
}

Deno.test("[H-19] the document allows a request that is a good one, and no other", () => {
  const schema = "/components/schemas/AcquireRequest";
  for (const good of [{ name: "a/b" }, { names: ["a", "b"], mode: "shared", wait: 0, ttl: 100 }]) {
    equal(check(schema, good), "", JSON.stringify(good));
  }
  for (const name of ["", "/a", "a/../b", ".", "a b", "ä", "x".repeat(201)]) {
    ok(check(schema, { name }) !== "", name);
  }
  for (const bad of [{}, { name: "a", names: ["b"] }, { name: "a", tll: 1 }, { name: "a", mode: "ex" }]) {
    ok(check(schema, bad) !== "", JSON.stringify(bad));
  }
});
