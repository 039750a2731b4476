/**
 * Small steps on a stage whose etcd does not do what it should.
 *
 * @module
 */
import type { FakeEtcdStage } from "./store_stage.ts";

/** Lets seconds pass, with keep-alives on the way. */
export async function pass(stage: FakeEtcdStage, ms: number): Promise<void> {
  for (const endMs = stage.nowMs + ms; stage.nowMs < endMs;) {
    stage.nowMs = Math.min(endMs, stage.nowMs + 500);
    for (const store of stage.stores) store.tick(stage.nowMs);
    await breathe();
  }
}

/** Lets what is under way go on a little, when it cannot be waited for. */
export async function breathe(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) await new Promise((resolve) => setTimeout(resolve, 0));
}

/** What was said since it was asked last, in words, sorted. */
export function said(stage: FakeEtcdStage): string[] {
  const words = stage.effects.map((effect) => {
    const what = effect.type === "refused" ? effect.code : effect.type === "lost" ? effect.reason : "";
    const request = "request" in effect ? effect.request : "lock" in effect ? effect.lock : "";
    return `${effect.type} ${effect.session}${request} ${what}`.trim();
  });
  stage.effects = [];
  return words.sort();
}
