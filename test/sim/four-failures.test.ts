/** Failures that no counter shows: the process that counts is dead, deaf or never reached. */
import { describe, expect, test } from 'vitest';
import type { SimulatedCloud } from '../../local/simulated-cloud.ts';
import type { Act } from '../../simulator/world/acts.ts';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import { endOf, expectOrderlyEnd } from '../helpers/rollout-end.ts';
import {
  aCloud,
  atShare,
  MINUTE_MS,
  NEW_SIDE,
  NEW_TARGET,
  runToEnd,
  SECOND_MS,
  start,
  stateOf,
} from '../helpers/simulated-rollout.ts';
import { actedAtMs, writtenBackMs } from '../helpers/write-back.ts';

type Failure = (pods: { readonly pods?: number }) => Act;

const FAILURES: Readonly<Record<string, Failure>> = {
  'server killed': (pods) => ({ kind: 'serverKilled', target: { ...NEW_TARGET, ...pods } }),
  'picker killed': (pods) => ({ kind: 'pickerKilled', target: { ...NEW_TARGET, ...pods } }),
  'server terminated in mid-stream': (pods) => ({
    kind: 'serverTerminated',
    target: { ...NEW_TARGET, ...pods },
  }),
  'server hangs for 60 s': (pods) => ({
    kind: 'serverHangs',
    target: { ...NEW_TARGET, ...pods },
    forMs: 60 * SECOND_MS,
  }),
};

const RATES = [150, 40] as const;
/** Different moments of the wakes and looks, within the rung's bake. */
const SEEDS = [1, 2, 3, 4, 5] as const;

const SLOWEST_MS = 15 * SECOND_MS;

const PICKERS = 3;

/** Three pickers, so that one of three can die. */
const threePickers: readonly KubeObject[] = NEW_SIDE.map((object) =>
  object.kind === 'Deployment' && object.metadata.name === 'llm-new-epp'
    ? { ...object, spec: { ...(object['spec'] as object), replicas: PICKERS } }
    : object,
);

const run = async (act: Act, rate: number, seed: number, manifests = NEW_SIDE): Promise<SimulatedCloud> => {
  const atMs = MINUTE_MS + seed * 37_700;
  const cloud = aCloud({
    seed,
    traffic: [{ requestsPerSecond: rate }],
    acts: [atShare(25, atMs, act)],
  });
  await start(cloud, undefined, { manifests });
  await runToEnd(cloud);
  return cloud;
};

const seconds = (ms: number): string => (ms / SECOND_MS).toFixed(1);

describe.each(RATES)('the whole new side at a share of 25, %i requests a second', (rate) => {
  test.each(Object.keys(FAILURES))('%s: rolled back', async (name) => {
    const failure = FAILURES[name] as Failure;
    const tookMs: number[] = [];
    const failed: number[] = [];
    const gates = new Set<string>();
    for (const seed of SEEDS) {
      const cloud = await run(failure({}), rate, seed);
      expect(endOf(cloud)).toEqual({
        state: 'rolledBack',
        reason: 'tripwire:unanswered',
        backendRefs: [{ name: 'llm', weight: 1 }],
      });
      expectOrderlyEnd(cloud);
      gates.add(stateOf(cloud).context.ending?.reason ?? 'none');
      tookMs.push(writtenBackMs(cloud, actedAtMs(cloud)) ?? Number.POSITIVE_INFINITY);
      failed.push(cloud.world.truth().requests.failed);
    }
    console.log(
      `${name}, ${rate}/s: ${[...gates].join(', ')}; fault to weights written ${tookMs.map(seconds).join(', ')} s; failed requests ${failed.join(', ')}`,
    );
    expect(Math.max(...tookMs)).toBeLessThan(SLOWEST_MS);
    expect(Math.min(...failed)).toBeGreaterThan(0);
  });
});

describe.each(RATES)('one pod of three at a share of 25, %i requests a second', (rate) => {
  test.each(Object.keys(FAILURES))('%s: not rolled back, promoted', async (name) => {
    const failure = FAILURES[name] as Failure;
    const failed: number[] = [];
    for (const seed of SEEDS) {
      const cloud = await run(failure({ pods: 1 }), rate, seed, threePickers);
      expect(endOf(cloud)).toEqual({
        state: 'promoted',
        reason: null,
        backendRefs: [{ name: 'llm-new', weight: 100 }],
      });
      expectOrderlyEnd(cloud);
      expect(cloud.world.truth().acts).toHaveLength(1);
      failed.push(cloud.world.truth().requests.failed);
    }
    console.log(`${name}, one of three, ${rate}/s: failed requests ${failed.join(', ')}`);
  });
});
