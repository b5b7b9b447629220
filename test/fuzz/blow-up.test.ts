/**
 * Work grows with the input and not faster: ten times the input may take forty times as long, no more. Medians of several
 * runs, on texts and lists that are as bad as they may be; what is quicker than a few milliseconds is not compared.
 */
import { describe, expect, test } from 'vitest';
import { incidentOf } from '../../functions/runtime/incident-message.ts';
import { planRollout } from '../../workflows/plans/plan-rollout.ts';
import { soundManifest } from '../../workflows/plans/sound-manifest.ts';
import { parseRolloutFile } from '../../workflows/spec/parse-rollout-file.ts';
import { podCounters } from '../../workflows/steps/pod-metrics.ts';
import { rollbackPatch } from '../../workflows/steps/rollback-patch.ts';
import { weightsPatch } from '../../workflows/steps/traffic-patch.ts';
import { aCluster, aPod, aRef, aRoute, aSpec } from '../unit/plans/a-cluster.ts';
import { SIDES } from '../unit/workflows/steps/traffic-arbitrary.ts';
import { nested } from './hostile-json.ts';

const FACTOR = 10;
const TIMES_MAX = 40;
const RUNS = 5;
/** Below this the clock measures itself, and whatever else the process does. */
const FLOOR_MS = 3;

/** Of the processor, so that what else runs on the machine does not count. */
const spentMs = (): number => {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
};

const medianMs = (act: () => unknown): number => {
  const times = Array.from({ length: RUNS }, () => {
    const startMs = spentMs();
    act();
    return spentMs() - startMs;
  });
  return times.toSorted((a, b) => a - b)[Math.floor(RUNS / 2)] ?? 0;
};

type Work = (size: number) => () => unknown;

const file =
  (text: (size: number) => string): Work =>
  (size) => {
    const made = text(size);
    return () => parseRolloutFile(made, 'rollout.yaml');
  };

const route = (size: number) =>
  aRoute(
    'routes-to-llm',
    Array.from({ length: size }, () => [aRef('llm', 7), aRef('other', 3)]),
  );

const planOf = (size: number) => ({
  namespace: SIDES.namespace,
  name: 'routes-to-llm',
  uid: 'uid-HTTPRoute-routes-to-llm',
  gateways: [],
  rules: Array.from({ length: size }, (_, index) => ({
    index,
    originals: [aRef('llm', 7), aRef('other', 3)] as never,
    newRefWasThere: false,
  })),
});

/** Of size 1 and of size 10: what is compared. */
const WORKS: readonly (readonly [string, Work])[] = [
  ['rollout file with open brackets', file((size) => '['.repeat(1_500 * size))],
  ['rollout file with aliases', file((size) => `a: &a [1]\nb: [${'*a,'.repeat(500 * size)}]`)],
  [
    'rollout file with unknown fields',
    file((size) => `spec: {${Array.from({ length: 120 * size }, (_, i) => `f${i}: 1`).join(',')}}`),
  ],
  ['rollout file with bad rungs', file((size) => `spec: { ladder: [${'{share: x},'.repeat(200 * size)}] }`)],
  ['rollout file with a long text', file((size) => `spec: { cluster: ${'projects/a-'.repeat(550 * size)} }`)],
  [
    'plan over pods',
    (size) => {
      const pods = Array.from({ length: 100 * size }, (_, index) => aPod(`llm-${index}`, 'llm'));
      const cluster = aCluster({ pods: [...aCluster().pods, ...pods] });
      return () => planRollout(aSpec(), [], cluster);
    },
  ],
  [
    'plan over routes of others',
    (size) => {
      const routes = Array.from({ length: 100 * size }, (_, index) =>
        aRoute(`other-${index}`, [[aRef('other', 1)]]),
      );
      const cluster = aCluster({ routes: [...aCluster().routes, ...routes] });
      return () => planRollout(aSpec(), [], cluster);
    },
  ],
  [
    'weights of many rules',
    (size) => () =>
      weightsPatch({
        route: route(2 * size),
        plan: planOf(2 * size),
        sides: SIDES,
        sharePercent: 33.3,
        fenceValue: 'r/1',
      }),
  ],
  [
    'metric samples',
    (size) => {
      const samples = Array.from({ length: 500 * size }, (_, index) => ({
        name: 'http_requests_total',
        labels: { handler: '/v1/completions', status: '2xx', path: String(index) },
        value: index,
      }));
      return () => podCounters([{ name: 'vllm:num_requests_running', labels: {}, value: 1 }, ...samples]);
    },
  ],
  [
    'manifest, nested',
    (size) => () =>
      soundManifest({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'a' },
        data: nested(500 * size, true),
      }),
  ],
  [
    'manifest, wide',
    (size) => () =>
      soundManifest({
        apiVersion: 'v1',
        kind: 'ConfigMap',
        metadata: { name: 'a' },
        data: Array.from({ length: 1_000 * size }, () => ({ a: 1 })),
      }),
  ],
  [
    'incident with a long summary',
    (size) => () =>
      incidentOf({
        version: '1.2',
        incident: {
          incident_id: '1',
          state: 'open',
          started_at: 1,
          summary: 'x'.repeat(10_000 * size),
          condition: { name: 'p/conditions/1' },
        },
      }),
  ],
];

describe('ten times the input', () => {
  test.each(WORKS)('takes at most forty times as long: %s', (name, work) => {
    const [small, large] = [work(1), work(FACTOR)];
    small();
    large();
    const [smallMs, largeMs] = [medianMs(small), medianMs(large)];
    const times = largeMs / Math.max(smallMs, FLOOR_MS);
    console.log(`${name}: ${smallMs.toFixed(2)} ms, ten times as much ${largeMs.toFixed(2)} ms`);
    expect(times).toBeLessThanOrEqual(TIMES_MAX);
  });

  /** Sixteen rules are all that a route may have; pairing compares each with each. */
  test('a rollback of a route of as many rules as the API takes is quick', () => {
    const order = { route: route(16), plan: planOf(16), sides: SIDES, sharePercent: 0, fenceValue: 'r/1' };
    const ms = medianMs(() => rollbackPatch(order));
    console.log(`rollback of 16 rules: ${ms.toFixed(2)} ms`);
    expect(rollbackPatch(order).length).toBeGreaterThan(16);
    expect(ms).toBeLessThan(250);
  });
});
