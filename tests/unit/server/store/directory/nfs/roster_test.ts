// Daemons in the roster of a directory, and hosts that a server takes for one.
import { deepEqual, equal, ok, throws } from "node:assert/strict";
import { ERRNO } from "../../../../../../ffi/errno.ts";
import { Libc } from "../../../../../../ffi/libc.ts";
import { DirectFiles } from "../../../../../../server/store/directory/nfs/direct_files.ts";
import { Registration } from "../../../../../../server/store/directory/nfs/registration.ts";
import {
  areTwins,
  type HostIdentity,
  parseRosterText,
} from "../../../../../../server/store/directory/nfs/host_identity.ts";
import {
  PLACE_BYTES,
  PLACES,
  Roster,
  RosterError,
} from "../../../../../../server/store/directory/nfs/roster.ts";
import { temporaryDirectory } from "../../../../../support/daemon.ts";
import { FaultyFiles } from "../../../../../support/faulty_files.ts";
import { forgetfulFiles } from "../../../../../support/forgetful_files.ts";
import { directCalls } from "../../../../../support/inline_courier.ts";

class Files extends FaultyFiles {
  isBroken(): boolean {
    return false;
  }
}

Deno.test("Roster gives each daemon a place of its own, tells the others, and frees it at the end", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  const files = new Files(libc);
  const path = `${directory.path}/roster`;
  const rosters = [1, 2, 3].map(() => new Roster(files, path));
  deepEqual([...(rosters[0] as Roster).read()], [], "nobody has signed, and looking makes no file");
  deepEqual([...Deno.readDirSync(directory.path)], []);
  rosters.forEach((roster, index) => roster.sign(`{"n":${index}}`));
  deepEqual(rosters[0]?.sign(`{"n":"new"}`), [`{"n":1}`, `{"n":2}`]);
  const observer = new Roster(files, path);
  deepEqual([...observer.read().values()], [`{"n":"new"}`, `{"n":1}`, `{"n":2}`]);
  deepEqual([0, 1, 2, 3].map((place) => observer.lives(place)), [true, true, true, false]);
  rosters[1]?.close();
  deepEqual([...observer.read().keys()], [0, 2]);
  equal(observer.lives(1), false);
  rosters[1]?.sign(`{"n":"again"}`);
  equal(observer.read().get(1), `{"n":"again"}`);
  for (const roster of [...rosters, observer]) roster.close();
  deepEqual(files.openDescriptors, []);
});

Deno.test("Roster takes a place again after the server forgot its lock", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  const { calls, forget } = forgetfulFiles(libc);
  const files = new FaultyFiles(calls);
  const path = `${directory.path}/roster`;
  const roster = new Roster(new DirectFiles(directCalls(files, { bootMs: () => 0 })), path);
  roster.sign(`{"n":1}`);
  forget();
  throws(() => roster.sign(`{"n":2}`), /Cannot write .*roster: EIO/);
  roster.sign(`{"n":3}`);
  const observer = new Roster(new Files(libc), path);
  deepEqual([...observer.read()], [[0, `{"n":3}`]]);
  equal(observer.lives(0), true);
  for (const one of [roster, observer]) one.close();
  deepEqual(files.openDescriptors, []);
});

Deno.test("Roster refuses what does not fit, says what fails, and is full some day", () => {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  const files = new Files(libc);
  const roster = new Roster(files, `${directory.path}/roster`);
  roster.sign(`{"n":2}`);
  throws(() => roster.sign("x".repeat(PLACE_BYTES)), RosterError);
  files.fail({ errno: ERRNO.EIO, kind: "write" });
  throws(() => roster.sign(`{"n":3}`), /Cannot write .*roster: EIO/);
  files.heal();
  const others = Array.from({ length: PLACES - 1 }, () => new Roster(files, `${directory.path}/roster`));
  for (const other of others) other.sign("{}");
  throws(() => new Roster(files, `${directory.path}/roster`).sign("{}"), /64 daemons stand in it/);
  for (const fd of files.openDescriptors) files.close(fd);
});

const HOST: HostIdentity = { hostname: "app3", identifier: "", bootId: "b1", address: "10.0.0.3" };

Deno.test("areTwins tells two hosts of one name, unless an identifier tells them apart or they are one", () => {
  equal(areTwins(HOST, HOST), false, "two daemons of one host");
  equal(areTwins(HOST, { ...HOST, bootId: "b2" }), true);
  equal(areTwins(HOST, { ...HOST, address: "10.0.0.4" }), true, "two network namespaces of one kernel");
  equal(areTwins(HOST, { ...HOST, bootId: "b2", identifier: "x" }), false);
  equal(areTwins(HOST, { ...HOST, bootId: "b2", hostname: "app4" }), false);
});

Deno.test("Registration sends the later of two living twins away, and nobody for a dead one", () => {
  const twins: string[] = [];
  let wallMs = 100;
  const entry = (daemon: string, host: HostIdentity) =>
    new Registration({
      daemon,
      host,
      wallMs: () => wallMs,
      onTwin: (twin) => twins.push(`${daemon} for ${twin.daemon}`),
    });
  const earlier = entry("one", HOST);
  wallMs = 200;
  const later = entry("two", { ...HOST, bootId: "b2" });
  const other = entry("three", { ...HOST, hostname: "app4" });
  const texts = () => [earlier, later, other].map((one) => one.text());
  const dead = JSON.stringify({ ...parseRosterText(earlier.text()), daemon: "dead", since: 1 });
  ok(parseRosterText(dead));
  for (wallMs = 300; wallMs <= 500; wallMs += 100) {
    for (const one of [earlier, later, other]) one.onTexts([...texts(), dead]);
  }
  deepEqual([...new Set(twins)], ["two for one"]);
});

Deno.test("parseRosterText takes nothing else for an entry", () => {
  for (const text of ["", "{", "{}", `{"daemon":1}`, "[]"]) equal(parseRosterText(text), undefined, text);
});
