/**
 * A whole rollout in virtual time: started through the API's door, carried on by the platform's ticks and wakes, watched
 * from outside. The watcher sees frames and journal entries; it moves nothing, so a run that is watched and one that is
 * not are the same.
 */
import { must } from '../workflows/assert.ts';
import type { RolloutDocument } from '../workflows/rollout/stored.ts';
import { demoFrame } from './demo-frame.ts';
import type { DemoInput } from './demo-input.ts';
import { type DemoRecord, demoRun } from './demo-result.ts';
import { sidesOfSpec } from './demo-sides.ts';
import type { DemoEnd, DemoSettings, DemoWatcher } from './demo-watch.ts';
import { DEMO_BEFORE_MS, demoWorld, routeOf } from './demo-world.ts';
import { RolloutFollower } from './follow-rollout.ts';
import { ShareMeter } from './measure-shares.ts';
import { type OperatorHands, Operators } from './operators.ts';
import type { RouteName } from './scenarios.ts';
import { createSimulatedCloud, type SimulatedCloud } from './simulated-cloud.ts';
import { type Ask, startRollout, withAccepted } from './start-demo.ts';

const MINUTE_MS = 60_000;
/** Longer than any deadline of a rollout. */
const LONGEST_MS = 120 * 24 * 60 * MINUTE_MS;
/** Afterwards the last events are published. */
const AFTERWARDS_MS = 2 * MINUTE_MS;

interface Setting {
  readonly cloud: SimulatedCloud;
  readonly input: DemoInput;
  readonly route: RouteName;
}

/** A cluster with the stack on it that has served for a while, and nothing started. */
export const preparedCloud = async (input: DemoInput, settings: DemoSettings): Promise<SimulatedCloud> => {
  const { lastNumbers } = settings;
  const cloud = createSimulatedCloud({
    world: demoWorld(input, settings),
    ...(lastNumbers === undefined ? {} : { lastNumbers }),
  });
  await cloud.scheduler.run({ untilMs: cloud.scheduler.nowMs + DEMO_BEFORE_MS });
  return cloud;
};

/** Runs the demo to its end. @throws SimulationError when the simulation's own rules are broken. */
export const runVirtualDemo = async (
  input: DemoInput,
  settings: DemoSettings,
  watcher: DemoWatcher = {},
): Promise<DemoEnd> => {
  const cloud = await preparedCloud(input, settings);
  watcher.onWorld?.(cloud.world);
  const setting: Setting = { cloud, input, route: routeOf(input) };
  const ask: Ask = (path, body) => cloud.call('POST', path, body);
  const { rollout, accepted } = await withAccepted(ask, input);
  watcher.onStart?.(accepted);
  const follower = new RolloutFollower();
  const operators = new Operators(input.scenario.operator, handsIn(cloud));
  cloud.store.onCommit((document) => {
    const journal = cloud.store.truth.journals.get(document.rolloutId) ?? [];
    for (const entry of follower.take(document, journal)) watcher.onEntry?.(entry);
    operators.look(follower);
  });
  const started = await startRollout(ask, rollout, `demo-${settings.seed}`);
  if (started.kind === 'refused') return started;
  const { rolloutId } = started;
  await follow(setting, follower, watcher);
  await cloud.scheduler.run({ untilMs: cloud.scheduler.nowMs + AFTERWARDS_MS });
  cloud.world.settle();
  const { world } = cloud;
  const record = recordOf(cloud, rolloutId);
  return {
    kind: 'ran',
    run: demoRun({ ...setting, world, record, rollout, follower, accepted, requestsPerServer: null }),
  };
};

const handsIn = ({ scheduler, store, platform }: SimulatedCloud): OperatorHands => ({
  later: (ms, act) => void scheduler.at(scheduler.nowMs + ms, act),
  document: (rolloutId) => store.truth.documents.get(rolloutId),
  post: (path, body, principal) =>
    void platform.call({ method: 'POST', path, query: {}, headers: {}, body, principal }),
});

const recordOf = ({ store: { truth } }: SimulatedCloud, rolloutId: string): DemoRecord => ({
  document: must(truth.documents.get(rolloutId), 'the rollout that was started'),
  entries: truth.journals.get(rolloutId) ?? [],
  attachments: Object.fromEntries(truth.attachments.get(rolloutId) ?? []),
  leftovers: [...truth.leftovers.values()].filter((one) => one.rolloutId === rolloutId),
});

const isFinished = (document: RolloutDocument | undefined): boolean =>
  document !== undefined && document.finishedAtMs !== null;

/** Lets time pass until the rollout has ended. Stops between choices only, so that pauses change nothing. */
const follow = async (setting: Setting, follower: RolloutFollower, watcher: DemoWatcher): Promise<void> => {
  const { cloud, input, route } = setting;
  const { scheduler, world } = cloud;
  const { spec } = input.rollout;
  const meter = new ShareMeter(world, sidesOfSpec(spec));
  const untilMs = scheduler.nowMs + LONGEST_MS;
  let nextFrameMs = watcher.onFrame === undefined ? Number.POSITIVE_INFINITY : 0;
  const until = (): boolean => {
    meter.probe(follower.shares);
    return isFinished(follower.now?.document) || scheduler.nowMs >= nextFrameMs;
  };
  for (;;) {
    const end = await scheduler.run({ until, untilMs });
    const document = follower.now?.document;
    if (document !== undefined && watcher.onFrame !== undefined) {
      const stepMs = await watcher.onFrame(demoFrame({ world, spec, follower, document, route }));
      nextFrameMs = scheduler.nowMs + stepMs;
    }
    if (end !== 'done' || isFinished(document)) return;
  }
};
