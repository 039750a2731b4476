/**
 * The HTTP application: every route that is no WebSocket. Each area has a file `<area>_routes.ts` with a function that makes its routes from the
 * parts that it needs; this file puts them together and answers what none of them does.
 *
 * @module
 */
import { Hono } from "hono";
import type { Limits } from "../base/limits.ts";
import type { Log } from "../base/log.ts";
import type { Administration } from "../session/administration.ts";
import type { Sessions } from "../session/sessions.ts";
import { problemResponse } from "./problem_response.ts";
import { daemonRoutes } from "./daemon_routes.ts";

/** What HTTP routes stand on. */
export interface HttpParts {
  readonly sessions: Sessions;
  readonly administration: Administration;
  readonly serverName: string;
  readonly limits: Limits;
  readonly log: Log;
  /** Runs a turn: whatever asks a session does it in one, see `server/transport/reception.ts`. */
  readonly turn: (work: () => void) => void;
}

/** What each request comes with beside itself. */
export interface HttpEnv {
  readonly Bindings: {
    /** Resolves when the answer was sent; rejects when it could not be. */
    readonly completed: Promise<void>;
  };
}

/** The application. `fetch(request, info)` answers a request; it never rejects. */
export function createApp(parts: HttpParts): Hono<HttpEnv> {
  const app = new Hono<HttpEnv>();
  app.route("/", daemonRoutes(parts));
  app.notFound(({ req }) => {
    const message = `Cannot find ${req.path}: no such route`;
    return problemResponse({ code: "BAD_REQUEST", message }, { status: 404 });
  });
  app.onError((error) => {
    parts.log.error("http.failed", { error });
    return problemResponse({ code: "INTERNAL", message: "Cannot answer: see the log of the daemon" });
  });
  return app;
}
