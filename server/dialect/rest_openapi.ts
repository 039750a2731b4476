/**
 * The OpenAPI document of the HTTP interface, made from `rest_operations.ts` and `rest_schemas.ts`.
 * `docs/rest.md` is normative; this is for programs.
 *
 * Source: OpenAPI Specification 3.1.1.
 *
 * @module
 */
import { ERROR_CODES, type ErrorCode } from "../../client/protocol/codes.ts";
import { LIST_NAMES_DEFAULT, LIST_NAMES_MAX } from "../../client/protocol/limits.ts";
import { SOFTWARE_VERSION } from "../../client/protocol/version.ts";
import {
  ALWAYS,
  type ParameterName,
  REST_OPERATIONS,
  type RestOperation,
  WITH_BODY,
} from "./rest_operations.ts";
import { STATUS_OF } from "./rest_problem.ts";
import { ref, type Schema, SCHEMAS } from "./rest_schemas.ts";

const TEXT = { type: "string" };

const PARAMETERS: Readonly<Record<ParameterName, Schema>> = {
  lock: { name: "lock", in: "path", required: true, schema: TEXT, description: "The lock of a grant" },
  name: {
    name: "name",
    in: "path",
    required: true,
    schema: ref("LockName"),
    description: "A lock name; its / may be written as they are",
  },
  prefix: { name: "prefix", in: "query", schema: TEXT, description: "Only names that begin so" },
  after: { name: "after", in: "query", schema: TEXT, description: "The next of the answer before" },
  limit: {
    name: "limit",
    in: "query",
    schema: { type: "integer", minimum: 1, maximum: LIST_NAMES_MAX, default: LIST_NAMES_DEFAULT },
  },
  key: {
    name: "Distrilock-Key",
    in: "header",
    required: true,
    schema: TEXT,
    description: "The key of the grant",
  },
  keyIfSession: {
    name: "Distrilock-Key",
    in: "header",
    schema: TEXT,
    description: "The key of the other lock, when the body has its session",
  },
  idempotency: {
    name: "Idempotency-Key",
    in: "header",
    schema: { type: "string", minLength: 1, maxLength: 255 },
    description:
      "A text that was never used before, and that nobody can guess: a repeated request never takes a second lock",
  },
  lastEventId: {
    name: "Last-Event-ID",
    in: "header",
    schema: TEXT,
    description:
      "The id of the last event: goes on from there, or says by a resync that something is missing",
  },
};

/** Statuses of HTTP itself, whose code is BAD_REQUEST. */
const OF_HTTP = {
  406: "The answer cannot be had in what Accept allows",
  413: "The body is longer than frameBytesMax",
  415: "The body is not application/json",
} as const;

/** The document. */
export function openApiDocument(): object {
  const paths: Record<string, Record<string, object>> = {};
  for (const operation of REST_OPERATIONS) {
    (paths[operation.path] ??= {})[operation.method] = describe(operation);
  }
  return {
    openapi: "3.1.1",
    info: {
      title: "distrilock",
      version: SOFTWARE_VERSION,
      summary: "Locks between processes, hosts and languages",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url: "/" }],
    security: [{}, { bearer: [] }],
    paths,
    components: {
      schemas: SCHEMAS,
      securitySchemes: { bearer: { type: "http", scheme: "bearer" } },
    },
  };
}

function describe(operation: RestOperation): object {
  const { id, summary, parameters, body, bodyRequired = false } = operation;
  return {
    operationId: id,
    summary,
    ...(parameters.length > 0 ? { parameters: parameters.map((name) => PARAMETERS[name]) } : {}),
    ...(body === undefined
      ? {}
      : { requestBody: { required: bodyRequired, content: { "application/json": { schema: ref(body) } } } }),
    responses: { [operation.status]: success(operation), ...refusals(operation) },
  };
}

function success({ answer, id, status }: RestOperation): object {
  const description = status === 201 ? "Granted" : status === 202 ? "It has begun" : "Done";
  if (id === "events") {
    return {
      description: "A stream, each event with EventData",
      content: { "text/event-stream": { schema: TEXT } },
    };
  }
  const schema = answer === undefined ? { type: "object" } : ref(answer);
  const headers = status === 201 ? { headers: { Location: { schema: TEXT } } } : {};
  return { description, ...headers, content: { "application/json": { schema } } };
}

function refusals({ refusals: own, body }: RestOperation): Record<string, object> {
  const meanings = new Map<number, string[]>();
  const codes = new Set<ErrorCode>([...ALWAYS, ...own, ...(body === undefined ? [] : WITH_BODY)]);
  for (const code of codes) {
    const status = STATUS_OF[code];
    meanings.set(status, [...meanings.get(status) ?? [], `${code}: ${ERROR_CODES[code]}`]);
  }
  meanings.set(406, [OF_HTTP[406]]);
  if (body !== undefined) meanings.set(413, [OF_HTTP[413]]).set(415, [OF_HTTP[415]]);
  const content = { "application/problem+json": { schema: ref("Problem") } };
  return Object.fromEntries(
    [...meanings].map(([status, texts]) => [status, { description: texts.join("; "), content }]),
  );
}
