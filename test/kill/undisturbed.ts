/** The same rollout in virtual time, which nobody kills: what the others must end as. */
import { createSimulatedCloud } from '../../local/simulated-cloud.ts';
import type { EffectKind } from '../../workflows/rollout/effects.ts';
import { readState } from '../../workflows/rollout/read-state.ts';
import type { JournalEntry } from '../../workflows/rollout/stored.ts';
import type { KillCase } from './cases.ts';
import { type GroundTruth, groundTruth } from './ground-truth.ts';
import { WRITERS } from './writing-effects.ts';

const LONGEST_MS = 4 * 3_600_000;
/** Caches are warm and there are figures, ms. */
export const BEFORE_MS = 5 * 60_000;

export interface Undisturbed {
  readonly truth: GroundTruth;
  /** From the start to the end, virtual. */
  readonly tookMs: number;
  /** What it does that writes: how often, by kind of effect. */
  readonly writers: ReadonlyMap<EffectKind, number>;
}

const writersIn = (journal: Iterable<JournalEntry>): ReadonlyMap<EffectKind, number> => {
  const counts = new Map<EffectKind, number>();
  for (const { effects } of journal)
    for (const kind of effects as readonly EffectKind[])
      if (WRITERS.has(kind)) counts.set(kind, (counts.get(kind) ?? 0) + 1);
  return counts;
};

/** @throws Error when the rollout does not end as the case says. */
export const runUndisturbed = async ({ input, world, endsAs, name }: KillCase): Promise<Undisturbed> => {
  const cloud = createSimulatedCloud({ world: world(1) });
  const { scheduler, store } = cloud;
  await scheduler.run({ untilMs: scheduler.nowMs + BEFORE_MS });
  const { text, manifests, spec } = input.rollout;
  const startMs = scheduler.nowMs;
  const { status, body } = await cloud.call('POST', '/v1/rollouts', {
    requestId: 'start',
    file: text,
    manifests,
  });
  if (status !== 201) throw new Error(`${name} was refused: ${JSON.stringify(body)}`);
  const { rolloutId } = body as { readonly rolloutId: string };
  const ended = (): boolean => typeof store.truth.documents.get(rolloutId)?.finishedAtMs === 'number';
  await scheduler.run({ until: ended, untilMs: startMs + LONGEST_MS });
  cloud.world.settle();
  const document = store.truth.documents.get(rolloutId);
  if (document?.state !== endsAs)
    throw new Error(`${name} ended ${document?.state ?? 'nowhere'}, not ${endsAs}`);
  return {
    truth: groundTruth({
      world: cloud.world,
      cluster: spec.cluster,
      state: document.state,
      reason: readState(document).context.ending?.reason ?? null,
      leftovers: [...store.truth.leftovers.values()],
    }),
    tookMs: scheduler.nowMs - startMs,
    writers: writersIn(store.truth.journals.get(rolloutId)?.values() ?? []),
  };
};
