/**
 * sim.rollouts.per.s: whole trials of the simulation, drawn from their seeds and run one after the other in one thread:
 * world, faults, people, the recorder of what was seen, all checkers, the replay of every journal. A trial has one rollout or more; those count that
 * began, whatever became of them. The mix of a few dozen seeds varies, so the figure is taken over all of them at once.
 */
import { drawTrial } from '../simulation/draw/draw-trial.ts';
import { tryTrial } from '../simulation/examine.ts';
import { type Figure, round, type Say, spread, sum } from './figure.ts';

const WARM_UP = 10;
const TRIALS = 60;

interface Measured {
  readonly seed: number;
  readonly ms: number;
  readonly rollouts: number;
  readonly calls: number;
  readonly found: number;
}

const measure = async (seed: number): Promise<Measured> => {
  const fromMs = performance.now();
  const { run, found } = await tryTrial(drawTrial(seed));
  return {
    seed,
    ms: performance.now() - fromMs,
    rollouts: run?.cloud.store.truth.documents.size ?? 0,
    calls: run?.cloud.scheduler.calls.count ?? 0,
    found: found.length,
  };
};

export const simRollouts = async (say: Say): Promise<readonly Figure[]> => {
  const measured: Measured[] = [];
  for (let seed = 1; seed <= WARM_UP + TRIALS; seed += 1) {
    const one = await measure(seed);
    if (seed > WARM_UP) measured.push(one);
  }
  const tookMs = measured.map(({ ms }) => ms);
  const rollouts = sum(measured.map((one) => one.rollouts));
  const calls = sum(measured.map((one) => one.calls));
  const found = sum(measured.map((one) => one.found));
  say(
    `${TRIALS} trials, ${rollouts} rollouts, ${calls} port calls; ${found} findings (npm run sim tells them)`,
  );
  say(
    `a trial: ${spread(tookMs, 0)} ms; ${round((1000 * sum(tookMs)) / calls, 1)} µs for each port call and what follows it`,
  );
  const slowest = measured.toSorted((one, other) => other.ms - one.ms).slice(0, 3);
  say(
    `the slowest: ${slowest.map((one) => `seed ${one.seed} ${round(one.ms, 0)} ms, ${one.calls} port calls`).join('; ')}`,
  );
  return [
    {
      name: 'sim.rollouts.per.s',
      value: round((1000 * rollouts) / sum(tookMs), 1),
      unit: '1/s',
      means: `rollouts of ${TRIALS} drawn trials with faults, checkers included, over wall time; one thread`,
    },
  ];
};
