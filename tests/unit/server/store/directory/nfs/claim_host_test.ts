// The end of the line to the file server, on local files: what an operation may do, whatever the main thread
// believed when it sent it.
import { deepEqual, equal, ok } from "node:assert/strict";
import { ERRNO } from "../../../../../../ffi/errno.ts";
import { Libc } from "../../../../../../ffi/libc.ts";
import { type Mode, MODES } from "../../../../../../client/protocol/modes.ts";
import { covers } from "../../../../../../server/lock/mode.ts";
import { PRIVATE_DIRECTORY } from "../../../../../../server/store/directory/file_name.ts";
import { ClaimHost } from "../../../../../../server/store/directory/nfs/claim_host.ts";
import type { Answer } from "../../../../../../server/store/directory/nfs/operations.ts";
import { temporaryDirectory } from "../../../../../support/daemon.ts";
import { FaultyFiles } from "../../../../../support/faulty_files.ts";
import { directCalls } from "../../../../../support/inline_courier.ts";
import { friends } from "../../../../../support/lock_model_parts.ts";
import { BENCH_START_MS } from "../../../../../support/store_bench.ts";

const name = "x";

class Host {
  readonly files: FaultyFiles;
  readonly host: ClaimHost;

  constructor(directory: string, libc: Libc) {
    this.files = new FaultyFiles(libc);
    const calls = directCalls(this.files, { bootMs: () => 0 });
    const limits = { lockFilesMax: 9, idleFilesMax: 9 };
    this.host = new ClaimHost({ calls, directory, lane: 0, wallMs: () => BENCH_START_MS, limits });
  }

  admit(mode: Mode, union = mode): Answer {
    return this.host.perform({ op: "admit", name, mode, union, graceMs: 0, tells: false });
  }

  /** Raises the claim; answers with the token of the grant. */
  grant(mode: Mode, union = mode): number {
    const answer = this.admit(mode, union);
    ok(answer.type === "granted", JSON.stringify(answer));
    return answer.token;
  }

  settle(union: Mode): void {
    this.host.perform({ op: "settle", name, union, closing: undefined });
  }

  verified(mode: Mode, token: number): boolean {
    const answer = this.host.perform({ op: "verify", name, mode, token });
    return answer.type === "verified" && answer.held;
  }
}

/** Two hosts on one directory. */
function play(scene: (one: Host, other: Host) => void): void {
  using directory = temporaryDirectory();
  using libc = Libc.open();
  Deno.mkdirSync(`${directory.path}/${PRIVATE_DIRECTORY}`);
  const hosts = [new Host(directory.path, libc), new Host(directory.path, libc)] as const;
  scene(...hosts);
  for (const { host, files } of hosts) {
    host.perform({ op: "close" });
    deepEqual(files.openDescriptors, []);
  }
}

Deno.test("[I-1] settling lets a claim shrink and never grow, between any two modes", () => {
  for (const held of MODES) {
    for (const union of MODES) {
      play((one, other) => {
        one.grant(held);
        // What was to raise the claim failed meanwhile, and the main thread does not know that yet.
        one.settle(union);
        const stays = covers(held, union) ? union : held;
        for (const wanted of MODES) {
          const isGranted = other.admit(wanted).type === "granted";
          equal(isGranted, friends(stays, wanted), `${wanted} beside ${held} settled to ${union}`);
          other.settle("NL");
        }
      });
    }
  }
});

Deno.test("[P-58] what was let go is not verified, though the file still counts its token", () => {
  play((one) => {
    const token = one.grant("EX");
    ok(one.verified("EX", token));
    one.settle("NL");
    ok(!one.verified("EX", token));
    const shared = one.grant("CR");
    ok(one.verified("CR", shared));
    ok(!one.verified("PW", shared));
  });
});

Deno.test("[P-59] a value is set under a claim that keeps other writers out, and under no other", () => {
  play((one, other) => {
    const set = (text: string) => one.host.perform({ op: "value", name, text }).type;
    equal(set("a"), "lost");
    one.grant("CR");
    equal(set("b"), "lost");
    one.grant("PW");
    equal(set("c"), "done");
    one.settle("NL");
    const answer = other.admit("PR");
    equal(answer.type === "granted" && answer.value?.text, "c");
  });
});

Deno.test("[I-2] a host whose disk is full gives no token, keeps what it holds, lets go of it, and goes on when there is room again", () => {
  play((one, other) => {
    const before = one.grant("PR");
    one.files.fail({ errno: ERRNO.ENOSPC, kind: "write", times: Infinity });
    const refused = one.admit("EX");
    equal(refused.type === "refused" && refused.refusal.code, "STORE_UNAVAILABLE");
    ok(one.verified("PR", before), "what was held is held");
    equal(other.admit("EX").type, "outside");
    one.settle("NL");
    const between = other.grant("EX");
    other.settle("NL");
    one.files.heal();
    ok(before < between && between < one.grant("EX"));
  });
});
