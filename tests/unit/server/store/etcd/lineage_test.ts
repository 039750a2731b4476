import { equal, throws } from "node:assert/strict";
import { Lineage } from "../../../../../server/store/etcd/lineage.ts";

const header = (clusterId: bigint, revision: number) => ({ clusterId, revision: BigInt(revision) });

Deno.test("Lineage lets a member be behind, and a majority come further", () => {
  const lineage = new Lineage(() => {
    throw new Error("it is the same cluster");
  });
  lineage.heard(header(7n, 10), 0);
  // A watch of a member that has not heard of all yet, and an answer that overtook another one.
  lineage.heard(header(7n, 5));
  lineage.heard(header(7n, 9), 8);
  lineage.heard(header(7n, 10), 10);
  equal(lineage.revision, 10);
  lineage.heard(undefined);
  lineage.heard(header(0n, 0), 10);
  lineage.check();
});

Deno.test("Lineage tells once of a cluster with another id, or of a majority that went back, and does not forget it", () => {
  for (
    const [answer, words] of [[header(8n, 11), /has id 8, and had 7/], [
      header(7n, 9),
      /revision 9, and was at 10/,
    ]] as const
  ) {
    let told = 0;
    const lineage = new Lineage(() => told++);
    lineage.heard(header(7n, 10));
    throws(() => lineage.heard(answer, lineage.revision), words);
    throws(() => lineage.heard(header(7n, 12), 10), words);
    throws(() => lineage.check(), words);
    equal(told, 1);
  }
});
