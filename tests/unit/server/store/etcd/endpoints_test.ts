import { equal, ok } from "node:assert/strict";
import { GrpcCalls } from "../../../../../server/store/etcd/grpc_calls.ts";
import { within } from "../../../../support/eventually.ts";

/** An empty frame of settings, with which each side of HTTP/2 begins (RFC 9113 section 3.4). */
const SETTINGS = Uint8Array.of(0, 0, 0, 4, 0, 0, 0, 0, 0);

Deno.test("a connection to a member ends soon after its last call", async () => {
  using listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const calls = new GrpcCalls({ endpoints: [`http://127.0.0.1:${port}`], callMs: 200 });
  const asked = calls.status();
  using connection = await listener.accept();
  await connection.write(SETTINGS);
  const ended = (async () => {
    const buffer = new Uint8Array(4_096);
    while (await connection.read(buffer) !== null);
  })();
  const [answer] = await asked;
  ok(answer && "fault" in answer, "it has never answered");
  equal(await within("the connection ends", ended), undefined);
  calls.close();
});
