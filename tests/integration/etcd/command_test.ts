/**
 * Commands under a lock of a cluster.
 *
 * @module
 */
import { equal } from "node:assert/strict";
import { startCommand } from "../../support/command.ts";
import { startDaemonProcess, temporaryDirectory } from "../../support/daemon.ts";
import { EtcdCluster, NO_ETCD } from "../../support/etcd_cluster.ts";
import { within } from "../../support/eventually.ts";

Deno.test({
  name: "[P-18] a command without a grace is not ended while the cluster is well, however short its leases",
  ignore: NO_ETCD !== undefined,
  async fn() {
    await using cluster = await EtcdCluster.start({ members: 1 });
    using directory = temporaryDirectory();
    await using daemon = await startDaemonProcess(directory.path, [
      ...["--etcd", cluster.urls],
      ...["--etcd-lease", "4s"],
    ]);
    // Longer than two leases.
    const words = ["lock", "job", "--grace", "0", "--kill-after", "2s", "--", "sleep", "9"];
    await using command = startCommand(daemon.url, words);
    const { code } = await within("the command ends", command.status, 30_000);
    equal(code, 0, command.errors);
  },
});
