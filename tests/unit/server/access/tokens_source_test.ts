import { deepEqual, equal, match, ok, throws } from "node:assert/strict";
import { openTokenGate } from "../../../../server/access/tokens_source.ts";
import { TokensFileError } from "../../../../server/access/tokens_text.ts";
import { SYSTEM_CLOCK } from "../../../../server/base/clock.ts";
import { createLog } from "../../../../server/base/log.ts";
import { isAccess } from "../../../../server/session/access.ts";
import { temporaryDirectory } from "../../../support/daemon.ts";
import { testToken, writeTokens } from "../../../support/tokens.ts";

function setUp(path: string) {
  let text = "";
  const log = createLog({ level: "info", clock: SYSTEM_CLOCK, write: (line) => text += line });
  const events = () =>
    text.trimEnd().split("\n").filter((line) => line !== "").map((line) => JSON.parse(line));
  return { open: () => openTokenGate(path, { clock: SYSTEM_CLOCK, log }), events };
}

Deno.test("openTokenGate reads a file, says how many tokens, and warns when others may read or change it", () => {
  using files = temporaryDirectory();
  const path = `${files.path}/tokens`;
  writeTokens(path, { alice: "read:*", anonymous: "read:status/*" });
  const { open, events } = setUp(path);
  for (
    const [mode, warned] of [[0o600, false], [0o640, false], [0o644, true], [0o660, true], [
      0o602,
      true,
    ]] as const
  ) {
    Deno.chmodSync(path, mode);
    const before = events().length;
    equal(isAccess(open().gate.identify(testToken("alice"))), true);
    const told = events().slice(before);
    deepEqual(
      told.map(({ event }) => event),
      warned ? ["tokens.exposed", "tokens.loaded"] : ["tokens.loaded"],
    );
    deepEqual([told.at(-1).tokens, told.at(-1).strangers], [1, true]);
  }
});

Deno.test("openTokenGate names a file that cannot be read or used, and a reload keeps what was known", () => {
  using files = temporaryDirectory();
  const path = `${files.path}/tokens`;
  const { open } = setUp(path);
  throws(open, (error) => {
    ok(error instanceof TokensFileError);
    match(error.message, /^Cannot use the tokens file ".*\/tokens": .*No such file/);
    return true;
  });
  writeTokens(path, { alice: "read:*" });
  const { gate, reload } = open();
  Deno.writeTextFileSync(path, `alice ${testToken("alice")} read:*\n`);
  throws(reload, (error) => error instanceof TokensFileError && !error.message.includes("xxxx"));
  Deno.removeSync(path);
  throws(reload, TokensFileError);
  equal(isAccess(gate.identify(testToken("alice"))), true);
  writeTokens(path, { bob: "read:*" });
  reload();
  deepEqual([isAccess(gate.identify(testToken("alice"))), isAccess(gate.identify(testToken("bob")))], [
    false,
    true,
  ]);
});
