import { deepEqual, equal, ok, throws } from "node:assert/strict";
import fc from "fast-check";
import { parseTokens, TokensFileError } from "../../../../server/access/tokens_text.ts";

const [A, B] = ["a".repeat(64), "B0".repeat(32)];

Deno.test("parseTokens reads lines, comments, blanks, carriage returns and ends of validity", () => {
  const text = `# who\n\n  billing\tsha256:${A}  read:x* acquire:y   expires:2027-07-01 # till then\r\n` +
    `ops sha256:${B} admin:*\nstrangers anonymous read:*`;
  const entries = parseTokens(text);
  deepEqual(entries.map(({ subject }) => subject), ["billing", "ops", "strangers"]);
  deepEqual(entries.map(({ digest }) => digest?.toString("hex")), [A, B.toLowerCase(), undefined]);
  deepEqual(entries.map(({ expiresWallMs }) => expiresWallMs), [Date.UTC(2027, 6, 1), Infinity, Infinity]);
  deepEqual(entries[0]?.rules.map(({ right, pattern, whole }) => [right, pattern, whole]), [
    ["read", "x", false],
    ["acquire", "y", true],
  ]);
  deepEqual(parseTokens(""), []);
  equal(
    parseTokens(`a sha256:${A} read:* expires:2027-07-01T12:30Z`)[0]?.expiresWallMs,
    Date.UTC(2027, 6, 1, 12, 30),
  );
});

Deno.test("parseTokens lets a subject have several tokens, but a token one subject", () => {
  equal(parseTokens(`a sha256:${A} read:*\na sha256:${B} read:*`).length, 2);
  throws(
    () => parseTokens(`a sha256:${A} read:*\n\nb sha256:${A} read:*`),
    /^TokensFileError: line 3: .*line 1$/,
  );
  throws(() => parseTokens("a anonymous read:*\nb anonymous read:*"), /line 2: .*line 1/);
});

Deno.test("parseTokens names the line that it does not understand, and never what is in it", () => {
  const secret = "dlt_0123456789012345678901234567890123456789";
  for (
    const line of [
      secret,
      `billing ${secret} read:*`,
      `billing sha256:${secret} read:*`,
      `billing sha256:${A}0 read:*`,
      `billing SHA256:${A} read:*`,
      `billing sha256:${A}`,
      `billing sha256:${A} ${secret}`,
      `billing sha256:${A} read:* expires:${secret}`,
      `billing sha256:${A} read:* expires:2027-13-01`,
      `billing sha256:${A} read:* expires:2027-02-30T99:00Z`,
      `billing sha256:${A} read:* expires:2027-07-01 expires:2027-07-02`,
      `${"b".repeat(65)} sha256:${A} read:*`,
      `bill:ing sha256:${A} read:*`,
    ]
  ) {
    throws(() => parseTokens(`# first\n${line}`), (error) => {
      ok(error instanceof TokensFileError, line);
      ok(error.message.startsWith("line 2: "), error.message);
      ok(
        !error.message.includes(secret.slice(0, 12)) || line.includes(` ${secret}`) === false,
        error.message,
      );
      return true;
    });
  }
});

Deno.test("parseTokens reads anything as a file or refuses it with a TokensFileError", () => {
  const word = fc.oneof(
    fc.string(),
    fc.constantFrom("a", `sha256:${A}`, "anonymous", "read:*", "!read:a*", "expires:2027-01-01", "#"),
  );
  const text = fc.array(fc.array(word, { maxLength: 5 }).map((words) => words.join(" "))).map((lines) =>
    lines.join("\n")
  );
  fc.assert(fc.property(text, (text) => {
    try {
      for (const { rules } of parseTokens(text)) ok(rules.length > 0);
    } catch (error) {
      ok(error instanceof TokensFileError);
    }
  }));
});
