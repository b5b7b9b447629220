import { poolLockKey } from '../../../workflows/plans/lock-keys.ts';
import type { Hand } from './hand.ts';

const RETRY_MS = 60_000;

/** Waits until no other rollout holds the old pool. Windows and start times are the machine's. */
export const awaitTurn: Hand<'awaitTurn'> = async (ports, job) => {
  const { cluster, namespace, from } = job.spec;
  const holders = await ports.store.locks({ keys: [poolLockKey(cluster, namespace, from.pool)] });
  const holder = holders[0] ?? null;
  if (holder === null || holder === job.rolloutId) return { kind: 'outcome', outcome: { kind: 'queueOpen' } };
  return { kind: 'again', inMs: RETRY_MS, why: `rollout ${holder} holds pool ${from.pool}` };
};
