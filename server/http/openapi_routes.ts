/**
 * The route of the OpenAPI document.
 *
 * @module
 */
import { Hono } from "hono";
import { openApiDocument } from "../dialect/rest_openapi.ts";
import type { HttpEnv } from "./app.ts";

/** `/v1/openapi.json`. */
export function openApiRoutes(): Hono<HttpEnv> {
  const text = JSON.stringify(openApiDocument());
  const routes = new Hono<HttpEnv>();
  routes.get(
    "/v1/openapi.json",
    (context) => context.body(text, 200, { "content-type": "application/json" }),
  );
  return routes;
}
