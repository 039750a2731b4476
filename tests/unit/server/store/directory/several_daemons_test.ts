// The suite of stores over the local arbiter, and over the one for NFS on local files, with its worker in
// this thread.
import { severalDaemonsSuite } from "../../../../support/several_daemons_suite.ts";
import { NFS_RETRY_MS_MAX, RETRY_MS_MAX } from "../../../../../server/store/directory/turns.ts";

severalDaemonsSuite({ title: "on a local directory", options: {}, handOverMs: RETRY_MS_MAX + 1 });
severalDaemonsSuite({
  title: "through workers, on a local directory",
  options: { over: "nfs" },
  handOverMs: NFS_RETRY_MS_MAX + 1,
});
