import { poolKeyOf } from '../../../workflows/plans/lock-keys.ts';
import type { RolloutSummary } from '../../../workflows/ports.ts';
import type { Hand } from './hand.ts';

const RETRY_MS = 60_000;

/** More rollouts of one pool than anybody queues. */
const QUEUE_MAX = 200;

/**
 * Waits until no other rollout holds the old pool, in the order of arrival (protocol P6). Windows are the machine's. Two
 * that see their turn at once meet at the lock: one of them queues again.
 */
export const awaitTurn: Hand<'awaitTurn'> = async (ports, job) => {
  const { from, adapter } = job.spec;
  const poolKey = poolKeyOf(job.spec);
  const { behind } = job.effect;
  const keys = behind === null ? [poolKey] : [poolKey, behind];
  const [holder = null, other = null] = await ports.store.locks({ keys });
  // Planning anew would meet the same lock: two journal entries a second, until it is given back.
  if (other !== null && other !== job.rolloutId)
    return { kind: 'again', inMs: RETRY_MS, why: `rollout ${other} holds ${behind ?? ''}` };
  if (holder === job.rolloutId) return { kind: 'outcome', outcome: { kind: 'queueOpen' } };
  if (holder !== null)
    return {
      kind: 'again',
      inMs: RETRY_MS,
      why: `rollout ${holder} holds ${adapter === null ? `pool ${from.pool}` : `adapter ${adapter.alias}`}`,
    };
  const rollouts = await ports.store.list({ unfinished: true, poolKey, limit: QUEUE_MAX });
  const first = firstInLine(rollouts);
  if (first === null || first.rolloutId === job.rolloutId)
    return { kind: 'outcome', outcome: { kind: 'queueOpen' } };
  return { kind: 'again', inMs: RETRY_MS, why: `rollout ${first.rolloutId} came first` };
};

const firstInLine = (rollouts: readonly RolloutSummary[]): RolloutSummary | null =>
  rollouts
    .filter((rollout) => rollout.state === 'queued')
    .toSorted((a, b) => a.createdAtMs - b.createdAtMs || (a.rolloutId < b.rolloutId ? -1 : 1))[0] ?? null;
