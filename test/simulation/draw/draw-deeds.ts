import type { Random } from '../../../simulator/scheduler/random.ts';
import type { TrialDeed, TrialOrder, TrialWhen } from '../trial.ts';
import { pick, pickWeighted, several } from './pick.ts';

const MINUTE_MS = 60_000;

const drawWhen = (random: Random, order: number): TrialWhen =>
  random.chance(0.5)
    ? { afterMs: random.int(1, 50 * 60) * 1000 }
    : { order, percent: pick(random, [1, 5, 20, 50, 95]), forMs: random.int(0, 240) * 1000 };

const ACTIONS = [
  [6, 'pause'],
  [6, 'resume'],
  [3, 'approve'],
  [4, 'skip'],
  [5, 'finish'],
  [6, 'rollback'],
  [2, 'force'],
  [3, 'abandon'],
  [2, 'freeze'],
  [1, 'adopt'],
  [1, 'reapply'],
] as const satisfies readonly (readonly [number, TrialDeed['action']])[];

const drawDeed = (random: Random, order: number): TrialDeed => {
  const action = pickWeighted<TrialDeed['action']>(random, ACTIONS);
  // Only while the old side is retained there is something to finish.
  const when: TrialWhen =
    action === 'finish'
      ? { order, percent: 95, forMs: random.int(120, 500) * 1000 }
      : drawWhen(random, order);
  return {
    when,
    order,
    via: random.chance(0.5) ? 'api' : 'requests',
    action,
    staleByMs: random.chance(0.2) ? random.int(1, 20) * MINUTE_MS : 0,
    again: random.chance(0.15),
  };
};

/** What comes after it: nobody pauses or freezes and forgets it for ever. */
const followUp = (random: Random, deed: TrialDeed): readonly TrialDeed[] => {
  const later = (action: TrialDeed['action']): TrialDeed => {
    const moreMs = random.int(1, 15 * 60) * 1000;
    const when =
      'afterMs' in deed.when
        ? { afterMs: deed.when.afterMs + moreMs }
        : { ...deed.when, forMs: deed.when.forMs + moreMs };
    return { ...deed, when, action, staleByMs: 0 };
  };
  if (deed.action === 'pause') return random.chance(0.8) ? [later('resume')] : [];
  // A rollback while everything is held: nothing may delay it.
  if (deed.action === 'freeze')
    return random.chance(0.4) ? [later('rollback'), later('unfreeze')] : [later('unfreeze')];
  return [];
};

/** What people do of their own accord, in most trials nothing. */
export const drawDeeds = (random: Random, orders: readonly TrialOrder[]): readonly TrialDeed[] =>
  several(random, { more: 0.4, most: 6 }, () => drawDeed(random, random.int(0, orders.length - 1))).flatMap(
    (deed) => [deed, ...followUp(random, deed)],
  );
