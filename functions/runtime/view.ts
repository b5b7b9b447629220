import { readState } from '../../workflows/rollout/read-state.ts';
import type { RolloutDocument } from '../../workflows/rollout/stored.ts';
import { specFromJson } from '../../workflows/spec/stored-spec.ts';

/** A rollout as people and pages see it; never its spec's or manifests' full text. */
export const viewOf = (document: RolloutDocument) => {
  const { state, step, context } = readState(document);
  const spec = specFromJson(document.spec);
  return {
    rolloutId: document.rolloutId,
    type: spec.type,
    cluster: spec.cluster,
    namespace: spec.namespace,
    from: spec.from.pool,
    to: spec.to.pool,
    state,
    step,
    stepEntry: context.stepEntry,
    pauseGeneration: context.pauseGeneration,
    hold: context.hold,
    ending: context.ending,
    sharePercent: {
      asked: context.askedPercent,
      written: context.writtenPercent,
      confirmed: context.confirmedPercent,
    },
    clocks: context.clocks,
    rung: context.rung,
    ladder: context.course?.ladder ?? [],
    bake: context.bake,
    verdicts: context.verdicts,
    planHash: context.planHash,
    createdAtMs: document.createdAtMs,
    finishedAtMs: document.finishedAtMs,
    nextAtMs: document.wakeAtMs,
    journalSeq: document.journalSeq,
  };
};
