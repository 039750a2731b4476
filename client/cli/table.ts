/**
 * Who holds and who waits, as a table for people.
 *
 * @module
 */
import type { NameReport } from "../client.ts";
import type { ClientProfile, NameState, Party } from "../protocol/messages.ts";
import { layOut } from "./columns.ts";

/** The columns in their order; some are left out where no row has anything for them. */
const COLUMNS = [
  { heading: "NAME", isAlways: true },
  { heading: "STATE", isAlways: true },
  { heading: "MODE", isAlways: true },
  { heading: "TOKEN", isAlways: true },
  { heading: "SINCE", isAlways: true },
  { heading: "EXPIRES", isAlways: false },
  { heading: "CLIENT", isAlways: true },
  { heading: "DAEMON", isAlways: false },
  { heading: "OWNER", isAlways: false },
  { heading: "LABELS", isAlways: false },
  { heading: "REASON", isAlways: true },
] as const;

/** The cells of one row; absent ones are empty. */
type Row = { readonly [H in typeof COLUMNS[number]["heading"]]?: string | undefined };

/** A table of names with a row for each holder and waiter; the empty text when there are none. */
export function partyTable(states: readonly (NameState | NameReport)[]): string {
  return table(states.flatMap((state) => [
    ...partyRows(state.name, "held", { parties: state.held, count: state.heldCount }),
    ..."outside" in state ? outsideRows(state) : [],
    ...partyRows(state.name, "waiting", { parties: state.waiting, count: state.waitingCount }),
  ]));
}

/** What others hold than sessions of this daemon. */
function outsideRows({ name, outside, outsideHolder }: NameReport): Row[] {
  if (outside === null) return [];
  if (outsideHolder !== undefined) return partyRows(name, "held", { parties: [outsideHolder], count: 1 });
  return [{ NAME: name, STATE: "held", MODE: outside, CLIENT: "another process" }];
}

function partyRows(
  name: string,
  state: "held" | "waiting",
  { parties, count }: { parties: readonly Party[]; count: number },
): Row[] {
  const rows: Row[] = parties.map((party) => ({
    NAME: name,
    STATE: state,
    MODE: party.convertingTo === undefined ? party.mode : `${party.mode}→${party.convertingTo}`,
    TOKEN: party.token?.toString(),
    SINCE: new Date(party.since).toISOString(),
    EXPIRES: party.expires === undefined ? "" : new Date(party.expires).toISOString(),
    CLIENT: clientText(party.client, party.session),
    DAEMON: party.daemon,
    OWNER: party.owner,
    LABELS: Object.entries(party.labels ?? {}).map(([label, value]) => `${label}=${value}`).join(","),
    REASON: party.reason,
  }));
  const more = count - parties.length;
  return more > 0 ? [...rows, { NAME: name, STATE: state, CLIENT: `and ${more} more` }] : rows;
}

/**
 * A client as people know it: `billing-1@app3[4711]`. One with neither name nor process id has `unnamed` in
 * place of its name.
 */
export function clientText({ name, host, pid }: ClientProfile = {}, unnamed: string = ""): string {
  const who = name ?? (pid === undefined ? unnamed : "");
  const at = host === undefined ? "" : `@${host}`;
  return `${who}${at}${pid === undefined ? "" : `[${pid}]`}`;
}

function table(rows: readonly Row[]): string {
  if (rows.length === 0) return "";
  const cells = COLUMNS.flatMap(({ heading, isAlways }) => {
    const column = rows.map((row) => row[heading] ?? "");
    return isAlways || column.some((cell) => cell !== "") ? [[heading, ...column]] : [];
  });
  return layOut(cells);
}
