/**
 * rollouts.per.second: whole virtual rollouts, one after the other in one thread, over the wall time that they take.
 * A whole rollout is: the world made and its stack loaded, the start through the API's door, plan, new side brought up
 * and verified, the ladder of HALF_HOUR_FILE looked at every five virtual seconds, retention, kept pods, the end.
 */
import { type Figure, median, round, type Say, spread } from './figure.ts';
import { HALF_HOUR_FILE, type WholeRollout, wholeRollout } from './whole-rollout.ts';

const WARM_UP = 20;
const REPETITIONS = 7;
const ROLLOUTS = 15;

const scrapes = ({ cloud }: WholeRollout): number => cloud.scheduler.calls.count;

export const rolloutsPerSecond = async (say: Say): Promise<readonly Figure[]> => {
  let seed = 0;
  let last: WholeRollout | null = null;
  const run = async (count: number): Promise<number> => {
    const fromMs = performance.now();
    for (let index = 0; index < count; index += 1) {
      seed += 1;
      last = await wholeRollout({ seed }, HALF_HOUR_FILE);
    }
    return (1000 * count) / (performance.now() - fromMs);
  };
  await run(WARM_UP);
  const rates: number[] = [];
  for (let index = 0; index < REPETITIONS; index += 1) rates.push(await run(ROLLOUTS));
  if (last !== null)
    say(
      `the last one: ${scrapes(last)} port calls, ${(last as WholeRollout).entries.length} journal entries`,
    );
  say(`rollouts a second: ${spread(rates, 1)}`);
  return [
    {
      name: 'rollouts.per.second',
      value: round(median(rates), 1),
      unit: '1/s',
      means: `whole virtual rollouts over wall time, one thread; median of ${REPETITIONS} times ${ROLLOUTS}`,
    },
  ];
};
