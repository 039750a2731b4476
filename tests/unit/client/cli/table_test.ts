/**
 * The table of holders and waiters.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import { clientText, partyTable } from "../../../../client/cli/table.ts";

Deno.test("partyTable shows holders, other processes, waiters and how many more", () => {
  const since = Date.UTC(2026, 0, 2, 3, 4, 5);
  const held = [{
    session: "s1",
    request: 2,
    mode: "CR",
    since,
    token: 7,
    client: { name: "b", host: "h", pid: 3 },
  }] as const;
  const waiting = [{ session: "s2", request: 3, mode: "EX", since, reason: "why" }] as const;
  const table = partyTable([{ name: "a", held, waiting, heldCount: 1, waitingCount: 3, outside: "PR" }]);
  equal(
    table,
    [
      "NAME  STATE    MODE  TOKEN  SINCE                     CLIENT           REASON",
      "a     held     CR    7      2026-01-02T03:04:05.000Z  b@h[3]",
      "a     held     PR                                     another process",
      "a     waiting  EX           2026-01-02T03:04:05.000Z  s2               why",
      "a     waiting                                         and 2 more",
      "",
    ].join("\n"),
  );
});

Deno.test("partyTable shows owner, labels, expiry, daemon and a conversion where there are any", () => {
  const since = Date.UTC(2026, 0, 2, 3, 4, 5);
  const held = [{
    session: "s1",
    request: 2,
    mode: "PR",
    convertingTo: "EX",
    since,
    token: 7,
    owner: "job",
    labels: { team: "billing", x: "" },
    expires: since + 30_000,
  }] as const;
  const waiting = [{ session: "s2", request: 3, mode: "EX", since, daemon: "app4" }] as const;
  equal(
    partyTable([{ name: "a", held, waiting, heldCount: 1, waitingCount: 1 }]),
    [
      "NAME  STATE    MODE   TOKEN  SINCE                     EXPIRES                   CLIENT  DAEMON  OWNER  LABELS           REASON",
      "a     held     PR→EX  7      2026-01-02T03:04:05.000Z  2026-01-02T03:04:35.000Z  s1              job    team=billing,x=",
      "a     waiting  EX            2026-01-02T03:04:05.000Z                            s2      app4",
      "",
    ].join("\n"),
  );
});

Deno.test("partyTable of nothing is empty", () => {
  equal(partyTable([]), "");
  equal(partyTable([{ name: "a", held: [], waiting: [], heldCount: 0, waitingCount: 0, outside: null }]), "");
});

Deno.test("clientText has the session in place of a name where nothing else tells who it is", () => {
  equal(clientText({ name: "b", host: "h", pid: 3 }, "s1"), "b@h[3]");
  equal(clientText({ host: "h", pid: 3 }, "s1"), "@h[3]");
  equal(clientText({ host: "h" }, "s1"), "s1@h");
  equal(clientText(undefined, "s1"), "s1");
  equal(clientText({ host: "h" }), "@h");
});
