/** Tripwires of rollouts of an adapter, on the minutes' evidence. */
import { countsAsMissing } from '../adapter-evidence.ts';
import type { Evidence } from '../evidence.ts';
import type { Tripped } from './tripped.ts';
import { NAMELESS, type PoolNames } from './words.ts';

export interface AdapterView {
  readonly evidence: Evidence;
  readonly pools?: PoolNames;
}

/** Looks of full minutes running at which a pod must have answered 404. */
export const MISSED_MINUTES = 2;
export const SLOTS_MINUTES = 3;

/**
 * `adapter.notFound`: a pod that has served the new name, or has had its time to load it, answers 404 for it. The picker
 * sends requests to it all the same, and counts none of them as failed.
 */
export const adapterNotFound = ({ evidence, pools }: AdapterView): Tripped | null => {
  const { adapter, lastAtMs } = evidence;
  if (adapter === undefined || lastAtMs === null) return null;
  const missing = Object.values(adapter.pods).filter(
    (pod) => pod.missed >= MISSED_MINUTES && pod.readySinceMs !== null && countsAsMissing(pod, lastAtMs),
  );
  return missing.length === 0
    ? null
    : notFound({
        names: pools ?? NAMELESS,
        missing: missing.length,
        pods: Object.keys(adapter.pods).length,
        when: `for ${String(MISSED_MINUTES)} min`,
      });
};

export interface NotFound {
  readonly names: PoolNames;
  readonly missing: number;
  readonly pods: number;
  readonly when: string;
}

export const notFound = ({ names, missing, pods, when }: NotFound): Tripped => ({
  kind: 'tripped',
  gate: 'adapter.notFound',
  action: 'rollback',
  sentence: `${String(missing)} of ${String(pods)} pods answer 404 for ${names.new} ${when}`,
  samples: pods,
  newValue: pods === 0 ? null : missing / pods,
  oldValue: null,
  limit: 0,
});

/**
 * `adapterSlots`: an adapter waits while a pod's slots are all taken, three minutes running. Requests still get their turn,
 * and going back would not empty a slot, so it holds; once for as long as that lasts, for whoever resumes knows of it.
 */
export const adapterSlots = ({ evidence }: AdapterView): Tripped | null => {
  const slots = evidence.adapter?.slots;
  if (slots === undefined || slots.minutes !== SLOTS_MINUTES) return null;
  return {
    kind: 'tripped',
    gate: 'adapterSlots',
    action: 'hold',
    sentence: `adapters wait for a slot on pod ${slots.pod ?? ''} for ${String(SLOTS_MINUTES)} min; all of its --max-loras are taken`,
    samples: slots.minutes,
    newValue: slots.minutes,
    oldValue: null,
    limit: SLOTS_MINUTES,
  };
};
