import { expect, test } from 'vitest';
import { createPlatform } from '../../../../simulator/scheduler/platform.ts';
import { doors, START_MS, standIn } from './stand-ins.ts';

const MINUTE_MS = 60_000;

test('a clock jumps forwards and backwards while its process runs; waits are as long as ever', async () => {
  const { scheduler } = standIn();
  const process = scheduler.startProcess('p', (ports) => ports, { skewMs: 5_000 });
  scheduler.at(START_MS + 1_500, () => process.setSkew(-3_600_000));
  scheduler.at(START_MS + 2_500, () => process.setSkew(600_000));
  const seen = new Promise<number[]>((resolve) => {
    process.invoke('clock', async () => {
      const { time } = process.shell;
      const times = [await time.now({})];
      for (let n = 0; n < 3; n++) times.push(await time.wait({ ms: 1_000 }));
      resolve([...times.map((ms) => ms - START_MS), scheduler.nowMs - START_MS]);
    });
  });
  expect(await scheduler.settle(seen, { untilMs: START_MS + MINUTE_MS })).toEqual([
    5_000, 6_000, -3_598_000, 603_000, 3_000,
  ]);
  expect(
    scheduler
      .history()
      .split('\n')
      .filter((line) => line.endsWith(' ms ahead')),
  ).toEqual([`${START_MS + 1_500} p clock -3600000 ms ahead`, `${START_MS + 2_500} p clock 600000 ms ahead`]);
});

test('an instance keeps the clock it was given over a restart; the others keep theirs', async () => {
  const { scheduler } = standIn();
  const seen: string[] = [];
  const platform = createPlatform({
    scheduler,
    seed: 1,
    ticks: false,
    instances: 2,
    skewMs: ({ index }) => index * 1_000,
    boot: (ports, { index, incarnation }) =>
      doors({
        onWake: async () => {
          seen.push(`p${index}.${incarnation} ${(await ports.time.now({})) - scheduler.nowMs}`);
        },
      }),
  });
  const wakeBoth = (): void => {
    platform.publish('wakes', '{}');
    platform.publish('wakes', '{}');
  };
  wakeBoth();
  scheduler.at(START_MS + MINUTE_MS, () => {
    platform.skewInstance(1, -90_000);
    wakeBoth();
  });
  scheduler.at(START_MS + 2 * MINUTE_MS, () => platform.processes[1]?.crash());
  scheduler.at(START_MS + 3 * MINUTE_MS, wakeBoth);
  await scheduler.run({ untilMs: START_MS + 4 * MINUTE_MS });
  expect(seen.toSorted()).toEqual(
    ['p0.1 0', 'p0.1 0', 'p0.1 0', 'p1.1 -90000', 'p1.1 1000', 'p1.2 -90000'].toSorted(),
  );
});
