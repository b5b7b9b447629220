/** Makes a failing trial smaller: leaves things out as long as the same rule is broken. */

import type { FoundRule } from './examine.ts';
import { tryTrial } from './examine.ts';
import type { Trial, TrialWhen } from './trial.ts';

type Change = (trial: Trial) => Trial | null;

const without = <T>(list: readonly T[], index: number): readonly T[] =>
  list.filter((_item, at) => at !== index);

const movedWhen = (when: TrialWhen, gone: number): TrialWhen =>
  'order' in when && when.order > gone ? { ...when, order: when.order - 1 } : when;

const speaksOf = (when: TrialWhen, order: number): boolean => 'order' in when && when.order === order;

/** What speaks of an order goes with it; stacks stay, so that all else keeps its name. */
const withoutOrder = (trial: Trial, gone: number): Trial => ({
  ...trial,
  orders: without(trial.orders, gone),
  acts: trial.acts
    .filter(({ when }) => !speaksOf(when, gone))
    .map((act) => ({ ...act, when: movedWhen(act.when, gone) })),
  deeds: trial.deeds
    .filter(({ when, order }) => order !== gone && !speaksOf(when, gone))
    .map((deed) => ({
      ...deed,
      when: movedWhen(deed.when, gone),
      order: deed.order > gone ? deed.order - 1 : deed.order,
    })),
});

/** Rates of one group set to nothing, one by one. */
const ratesOf = (group: 'calls' | 'platform' | 'store' | 'answers') => {
  const changes: ((trial: Trial) => readonly Change[])[] = [
    () => [(trial) => (trial[group] === null ? null : { ...trial, [group]: null })],
    (trial) =>
      Object.entries(trial[group] ?? {})
        .filter(([key, rate]) => typeof rate === 'number' && rate > 0 && !key.endsWith('Ms'))
        .map(
          ([key]) =>
            (now): Trial => ({ ...now, [group]: { ...now[group], [key]: 0 } }),
        ),
  ];
  return changes;
};

/** Big steps first. Each is asked for again after one that helped. */
const STEPS: readonly ((trial: Trial) => readonly Change[])[] = [
  (trial) =>
    trial.orders.length < 2 ? [] : trial.orders.map((_order, index) => (now) => withoutOrder(now, index)),
  (trial) => trial.acts.map((_act, index) => (now) => ({ ...now, acts: without(now.acts, index) })),
  (trial) => trial.deeds.map((_deed, index) => (now) => ({ ...now, deeds: without(now.deeds, index) })),
  ...ratesOf('platform'),
  ...ratesOf('answers'),
  ...ratesOf('store'),
  ...ratesOf('calls'),
  () => [
    (now) => (now.gitOps.length > 0 ? { ...now, gitOps: [] } : null),
    (now) => (now.ticksStopped.length > 0 ? { ...now, ticksStopped: [] } : null),
    (now) => (now.clockJumps.length > 0 ? { ...now, clockJumps: [] } : null),
    (now) => (now.redrives.length > 0 ? { ...now, redrives: [] } : null),
    (now) => (now.nodePoolFaults.length > 0 ? { ...now, nodePoolFaults: [] } : null),
    (now) => (Object.keys(now.gateway).length > 0 ? { ...now, gateway: {} } : null),
    (now) => (now.twoVersions ? { ...now, twoVersions: false } : null),
    (now) => (now.instances > 1 ? { ...now, instances: 1, twoVersions: false } : null),
    (now) => (now.skewMs.some((ms) => ms !== 0) ? { ...now, skewMs: now.skewMs.map(() => 0) } : null),
  ],
  (trial) =>
    trial.orders.map((_order, index) => (now) => ({
      ...now,
      orders: now.orders.map((order, at) => (at === index ? { ...order, operator: null } : order)),
    })),
];

export interface Reduced {
  readonly trial: Trial;
  /** Trials that were run for it. */
  readonly runs: number;
}

/** The smallest trial found within so many runs that still breaks the rule. */
export const reduce = async (trial: Trial, rule: FoundRule, runsMax = 120): Promise<Reduced> => {
  let smallest = trial;
  let runs = 0;
  const breaks = async (candidate: Trial): Promise<boolean> => {
    runs += 1;
    const { found } = await tryTrial(candidate);
    return found.some((one) => one.rule === rule);
  };
  for (const step of STEPS) {
    let index = 0;
    for (;;) {
      const change = step(smallest)[index];
      if (change === undefined || runs >= runsMax) break;
      const candidate = change(smallest);
      if (
        candidate !== null &&
        JSON.stringify(candidate) !== JSON.stringify(smallest) &&
        (await breaks(candidate))
      )
        smallest = candidate;
      else index += 1;
    }
  }
  return { trial: smallest, runs };
};
