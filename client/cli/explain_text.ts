/**
 * Who waits for whom, for people: each name with those who hold it and those who wait, and whom they wait
 * for. Times are as long ago, or as far ahead, as this computer's clock says.
 *
 * @module
 */
import type { ExplainedHolder, ExplainedName, ExplainedWaiter, Party } from "../protocol/messages.ts";
import { clientText } from "./table.ts";

/**
 * The text of an explanation. `nowMs` is now, in milliseconds since 1970.
 *
 * ```text
 * invoice/42
 *   held  EX  billing-1@app3[4711]  since 3m12s, token 1805, expires in 20s  rebill
 *   1st   EX  cron@app4[12]         for 10s  ← billing-1@app3[4711]  nightly
 * ```
 */
export function explanationText(names: readonly ExplainedName[], nowMs: number): string {
  const parties = new Map(
    names.flatMap(({ held, waiting }) => [...held, ...waiting]).map((
      party,
    ) => [keyOf(party), partyText(party)]),
  );
  return names.map((name) => nameText(name, { parties, nowMs })).join("\n");
}

interface Context {
  /** How each request is called. */
  readonly parties: ReadonlyMap<string, string>;
  readonly nowMs: number;
}

function nameText(name: ExplainedName, context: Context): string {
  const rows = [
    ...name.held.map((party) => holderRow(party, context)),
    ...moreRow(name.heldCount - name.held.length),
    ...outsideRow(name, context.nowMs),
    ...name.waiting.map((party) => waiterRow(party, name, context)),
    ...moreRow(name.waitingCount - name.waiting.length),
  ];
  if (rows.length === 0) return `${name.name}\n  free\n`;
  const widths = [0, 1, 2].map((column) => Math.max(...rows.map((row) => row[column]?.length ?? 0)));
  const lines = rows.map((row) =>
    "  " +
    row.map((cell, column) => cell.padEnd(widths[column] ?? 0)).filter((_, column) =>
      column < 3 || row[column]
    )
      .join("  ").trimEnd()
  );
  return [name.name, ...lines, ""].join("\n");
}

function holderRow(party: ExplainedHolder, { parties, nowMs }: Context): string[] {
  const state = [
    `since ${age(nowMs - party.since)}`,
    ...(party.token === undefined ? [] : [`token ${party.token}`]),
    ...(party.expires === undefined ? [] : [`expires in ${age(party.expires - nowMs)}`]),
  ].join(", ");
  const converts = party.convertingTo === undefined
    ? ""
    : `wants ${party.convertingTo}${refsText(party.blockedBy ?? [], parties)}`;
  return ["held", party.mode, partyText(party), state, converts, party.reason ?? ""];
}

function waiterRow(
  party: ExplainedWaiter,
  { outside }: ExplainedName,
  { parties, nowMs }: Context,
): string[] {
  const blockers = party.blockedBy.length === 0 && outside !== null
    ? " ← another process"
    : refsText(party.blockedBy, parties);
  return [
    ordinal(party.position),
    party.mode,
    partyText(party),
    `for ${age(nowMs - party.since)}${blockers}`,
    party.reason ?? "",
  ];
}

function outsideRow({ outside, outsideHolder }: ExplainedName, nowMs: number): string[][] {
  if (outside === null) return [];
  if (outsideHolder === undefined) return [["held", outside, "another process"]];
  const at = outsideHolder.daemon === undefined ? "" : ` at ${outsideHolder.daemon}`;
  const state = `since ${age(nowMs - outsideHolder.since)}${at}`;
  return [["held", outsideHolder.mode, partyText(outsideHolder), state, outsideHolder.reason ?? ""]];
}

function moreRow(count: number): string[][] {
  return count > 0 ? [["", "", `and ${count} more`]] : [];
}

function refsText(refs: ExplainedWaiter["blockedBy"], parties: Context["parties"]): string {
  if (refs.length === 0) return "";
  const names = refs.map((ref) => parties.get(keyOf(ref)) ?? `session ${ref.session}`);
  return ` ← ${[...new Set(names)].join(", ")}`;
}

function partyText({ client, session, owner }: Party): string {
  const name = clientText(client, `session ${session}`);
  return owner === undefined ? name : `${name}/${owner}`;
}

/** Ids of sessions have no space. */
function keyOf({ session, request }: { readonly session: string; readonly request: number }): string {
  return `${session} ${request}`;
}

function ordinal(position: number): string {
  const lastTwo = position % 100;
  const ending = lastTwo > 10 && lastTwo < 14 ? "th" : ["th", "st", "nd", "rd"][position % 10] ?? "th";
  return `${position}${ending}`;
}

/**
 * A time span in its two greatest units.
 *
 * ```ts
 * import { equal } from "node:assert/strict";
 *
 * equal(age(192_000), "3m12s");
 * equal(age(90_000_000), "1d1h");
 * equal(age(-5), "0s");
 * ```
 */
export function age(ms: number): string {
  let seconds = Math.max(0, Math.round(ms / 1_000));
  const words: string[] = [];
  for (const [unit, size] of [["d", 86_400], ["h", 3_600], ["m", 60], ["s", 1]] as const) {
    const count = Math.floor(seconds / size);
    seconds -= count * size;
    if (count > 0) words.push(`${count}${unit}`);
    else if (words.length > 0) break;
    if (words.length === 2) break;
  }
  return words.join("") || "0s";
}
