/**
 * Tokens files for tests.
 *
 * @module
 */
import { tokenDigest } from "../../server/access/token_text.ts";

const TOKEN_LENGTH = 32;

/** The token of a subject in tests: its name and as many x as make 32 characters. */
export function testToken(subject: string): string {
  return subject.padEnd(TOKEN_LENGTH, "x");
}

/**
 * A tokens file at that path: subjects with their rules, `anonymous` for those without a token. Only its
 * owner may read it.
 */
export function writeTokens(path: string, rulesOf: Readonly<Record<string, string>>): void {
  const lines = Object.entries(rulesOf).map(([subject, rules]) => {
    const digest = tokenDigest(testToken(subject)).toString("hex");
    const proof = subject === "anonymous" ? "anonymous" : `sha256:${digest}`;
    return `${subject} ${proof} ${rules}\n`;
  });
  Deno.writeTextFileSync(path, lines.join(""), { mode: 0o600 });
}
