/**
 * The worker of a lane: is told where the directory is, then performs one operation after the other.
 *
 * @module
 */
/// <reference lib="deno.worker" />
import { Libc } from "../../../../ffi/libc.ts";
import { SYSTEM_CLOCK } from "../../../base/clock.ts";
import { ClaimHost } from "./claim_host.ts";
import type { WorkerSetup } from "./courier.ts";
import { NotedCalls } from "./noted_calls.ts";
import type { Errand, WorkerReply } from "./operations.ts";

self.onmessage = ({ data }: MessageEvent<WorkerSetup>) => {
  const { libc: path, directory, lane, limits } = data;
  const calls = new NotedCalls(Libc.open(path));
  const host = new ClaimHost({ calls, directory, lane, limits, wallMs: SYSTEM_CLOCK.wallMs });
  self.onmessage = ({ data: { id, operation } }: MessageEvent<Errand>) => {
    const answer = host.perform(operation);
    const reply: WorkerReply = { id, answer, calls: calls.take() };
    self.postMessage(reply);
  };
};
