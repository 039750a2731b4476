// The command of `distrilock lock` and all that it started is gone before its lock is somebody else's. Both
// ends write down the time of one clock: the family its last beat, the daemon its next grant.
import { equal, match, ok } from "node:assert/strict";
import { type Client, connect } from "../../client/mod.ts";
import { BeatingFamily } from "../support/beating_family.ts";
import { type Command, startCommand } from "../support/command.ts";
import { type DaemonProcess, startDaemonProcess, temporaryDirectory } from "../support/daemon.ts";
import { eventually, within } from "../support/eventually.ts";
import { Relay } from "../support/relay.ts";

/** A lock that is lost may take its whole grace, and a kill. */
const LOSS_MS = 30_000;

interface Loss {
  readonly daemon: DaemonProcess;
  readonly relay: Relay;
  readonly command: Command;
  readonly family: BeatingFamily;
  /** A client of the daemon that waits for the lock. */
  readonly heir: Client;
}

/**
 * How the lock ends that is not renewed. A daemon with a slow heartbeat does not find out that the peer is
 * gone, so only the ttl counts.
 */
const KINDS = {
  grace: { options: ["--grace", "3s", "--kill-after", "1s"], heartbeat: "500ms" },
  ttl: { options: ["--grace", "0", "--ttl", "2s", "--kill-after", "700ms"], heartbeat: "60s" },
} as const;

interface LossOptions {
  readonly options: readonly string[];
  readonly heartbeat?: string;
  /** See {@link BeatingFamily}. Default true. */
  readonly isStubborn?: boolean;
  /** More words for the daemon. */
  readonly flags?: readonly string[];
  /** The heir is at another daemon of the same directory. Default: at the same. */
  readonly isElsewhere?: boolean;
}

function loss(
  name: string,
  { options, heartbeat = "500ms", isStubborn = true, flags = [], isElsewhere = false }: LossOptions,
  play: (stage: Loss) => Promise<number | void>,
): void {
  Deno.test(name, async () => {
    using directory = temporaryDirectory();
    await using stack = new AsyncDisposableStack();
    const start = () => startDaemonProcess(`${directory.path}/locks`, ["--heartbeat", heartbeat, ...flags]);
    const daemon = stack.use(await start());
    const heirs = isElsewhere ? stack.use(await start()) : daemon;
    const relay = stack.use(await Relay.open(daemon.tcpPort));
    const family = new BeatingFamily(directory.path, { isStubborn });
    const through = `distrilock://127.0.0.1:${relay.port}`;
    const command = stack.use(startCommand(through, ["lock", "job", ...options, "--", ...family.command]));
    await eventually("the family lives", () => family.isBorn);
    const heir = stack.use(await connect(heirs.url, { name: "heir" }));
    const inheritedMs = await play({ daemon, relay, command, family, heir });
    const { lastBeatMs } = family;
    if (inheritedMs !== undefined) {
      ok(
        lastBeatMs < inheritedMs,
        `the family lived until ${lastBeatMs}, the lock was the heir's from ${inheritedMs}`,
      );
    }
    // Nobody of it comes back.
    await new Promise((resolve) => setTimeout(resolve, 100));
    equal(family.lastBeatMs, lastBeatMs);
  });
}

/** Waits until the heir has the lock; gives the time from which it has it, in milliseconds since 1970. */
async function inherits({ heir }: Loss): Promise<number> {
  await within("the lock of the lost", heir.acquire("job"), LOSS_MS);
  const { held: [holder] } = await heir.who("job");
  equal(holder?.client?.name, "heir");
  return holder!.since;
}

async function codeOf({ command }: Loss): Promise<number> {
  return (await within("the end of the command", command.status, LOSS_MS)).code;
}

for (const [kind, options] of Object.entries(KINDS)) {
  loss(
    `[I-13] the network is cut: the family is gone before the heir is there (${kind})`,
    options,
    async (stage) => {
      stage.relay.mute();
      stage.relay.freeze();
      const inheritedMs = await inherits(stage);
      equal(await codeOf(stage), 76);
      match(stage.command.errors, /^distrilock: Cannot .*, ending the command$/m);
      return inheritedMs;
    },
  );

  loss(`[I-13] lock is stopped: a shell ends the family in time (${kind})`, options, async (stage) => {
    stage.command.kill("SIGSTOP");
    const inheritedMs = await inherits(stage);
    stage.command.kill("SIGCONT");
    equal(await codeOf(stage), 76);
    return inheritedMs;
  });

  loss(
    `[I-13] the daemon stands still: the family is gone before it goes on (${kind})`,
    options,
    async (stage) => {
      const inherited = inherits(stage);
      inherited.catch(() => {});
      stage.daemon.kill("SIGSTOP");
      equal(await codeOf(stage), 76);
      stage.daemon.kill("SIGCONT");
      return await inherited;
    },
  );
}

loss(
  "[I-13] the daemon loses its client, who does not know: the family is gone before the heir is there",
  KINDS.grace,
  async (stage) => {
    // The grace begins at once, while the client counts from its last sign of life.
    stage.relay.desert();
    const inheritedMs = await inherits(stage);
    equal(await codeOf(stage), 76);
    return inheritedMs;
  },
);

loss("[I-13] lock is killed: a shell ends the family in time", KINDS.grace, async (stage) => {
  stage.command.kill("SIGKILL");
  const inheritedMs = await inherits(stage);
  equal(await codeOf(stage), 137);
  match(
    stage.command.errors,
    /^distrilock: the process that kept the lock is gone, the command was ended\n$/,
  );
  return inheritedMs;
});

loss("[I-13] the longest hold is over: the family is gone before", {
  options: ["--max-hold", "3s", "--kill-after", "700ms"],
}, async (stage) => {
  const inheritedMs = await inherits(stage);
  equal(await codeOf(stage), 76);
  return inheritedMs;
});

loss("[I-13] the daemon drains: the family is gone before the heir is there", {
  options: ["--grace", "3s", "--kill-after", "1s"],
  flags: ["--drain-timeout", "4s"],
  isElsewhere: true,
}, async (stage) => {
  stage.daemon.kill("SIGTERM");
  const inheritedMs = await inherits(stage);
  equal(await codeOf(stage), 76);
  match(stage.command.errors, /leaves service, within 4s\n/);
  return inheritedMs;
});

loss("a command that ends by itself while the daemon drains keeps its lock until then", {
  options: ["--grace", "20s", "--kill-after", "1s"],
  isStubborn: false,
}, async (stage) => {
  stage.daemon.kill("SIGTERM");
  await eventually("it knows", () => stage.command.errors.includes("leaves service"));
  stage.command.kill("SIGTERM");
  equal(await codeOf(stage), 143);
  // Nobody else is left, so the daemon is done.
  await within("the end of the daemon", stage.daemon.status);
});

for (const [what, isMuted] of [["is killed", false], ["dies without a word", true]] as const) {
  loss(`[I-13] the daemon ${what}: the family is gone before the heir at another one is there`, {
    options: ["--grace", "2s", "--kill-after", "700ms"],
    isElsewhere: true,
  }, async (stage) => {
    if (isMuted) {
      stage.relay.mute();
      stage.relay.freeze();
    }
    stage.daemon.kill("SIGKILL");
    const inheritedMs = await inherits(stage);
    equal(await codeOf(stage), 76);
    if (!isMuted) match(stage.command.errors, /lost the connection to .*, trying to come back\n/);
    match(stage.command.errors, /^distrilock: .*, ending the command$/m);
    return inheritedMs;
  });
}

loss("the lock is broken: it is somebody else's at once, and the family is ended at once", {
  options: ["--grace", "60s", "--kill-after", "1s"],
}, async (stage) => {
  const { held: [party] } = await stage.heir.who("job");
  await stage.heir.break("job", { token: party!.token!, reason: "needed" });
  await within("the lock of the lost", stage.heir.acquire("job"));
  equal(await codeOf(stage), 76);
  match(
    stage.command.errors,
    /^distrilock: Cannot keep job: an administrator broke it, ending the command\n$/,
  );
});

loss("a connection that is lost and made anew costs the command nothing", {
  options: ["--grace", "20s", "--kill-after", "1s"],
  isStubborn: false,
}, async (stage) => {
  stage.relay.freeze();
  await eventually("it came back", () => stage.command.errors.includes("came back"), LOSS_MS);
  equal((await stage.heir.who("job")).heldCount, 1);
  stage.command.kill("SIGTERM");
  equal(await codeOf(stage), 143);
  equal((await stage.heir.who("job")).heldCount, 0);
});
