import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import {
  ADAPTER_EXAMPLE,
  BASE_MODEL_EXAMPLE,
  NODE_EXAMPLE,
  SMALLEST_EXAMPLE,
} from '../../../workflows/spec/examples.ts';
import { parseRolloutFile, readRolloutValue } from '../../../workflows/spec/parse-rollout-file.ts';
import type { RolloutSpec } from '../../../workflows/spec/rollout-spec.ts';
import { specFromJson, specToJson } from '../../../workflows/spec/stored-spec.ts';
import { sharedPath } from '../../helpers/shared.ts';

const folder = join(import.meta.dirname, 'valid');
const files = readdirSync(folder).sort();
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

function textOf(file: string): string {
  return readFileSync(join(folder, file), 'utf8');
}

function specOf(text: string): RolloutSpec {
  const parsed = parseRolloutFile(text, 'rollout.yaml');
  if (parsed.kind === 'ok') return parsed.spec;
  throw new Error(JSON.stringify(parsed.problems));
}

const rung = (sharePercent: number, bakeMs: number, approval = false) => ({ sharePercent, bakeMs, approval });

const SMALLEST: RolloutSpec = {
  name: 'llm-to-h200',
  labels: {},
  type: 'node',
  cluster: 'projects/acme/locations/us-central1/clusters/inference',
  namespace: 'serving',
  from: { pool: 'llm', autoscaler: 'pin' },
  to: {
    pool: 'llm-new',
    source: { kind: 'existing' },
    replicas: null,
    nodes: { kind: 'nodePool', nodePool: 'h200-pool' },
    model: null,
    adapters: {},
  },
  adapter: null,
  verify: {
    warmUpRequests: 20,
    deadlineMs: 30 * MINUTE,
    adapterEffect: 'required',
    adapterPrompts: {},
  },
  ladder: [
    rung(1, 10 * MINUTE),
    rung(5, 10 * MINUTE),
    rung(25, 15 * MINUTE),
    rung(50, 30 * MINUTE),
    rung(100, HOUR),
  ],
  pacing: { settleMs: MINUTE, warmUpMs: 3 * MINUTE, extendFactor: 6 },
  objectives: { errorRatio: 0.01, ttft: null },
  gatesOff: [],
  gateMinSamples: {},
  alerts: { policies: [], holdWhileOpen: true },
  windows: [],
  approvals: { notByStarter: true },
  priorities: 'auto',
  rollback: { floorPercent: 100, onHoldForMs: 8 * HOUR, afterNewPodsMs: HOUR, afterNodePoolMs: DAY },
  retention: { oldMs: DAY, retire: 'keep' },
  deadlineMs: 3 * DAY,
  acknowledge: [],
};

describe('a valid rollout file', () => {
  test('there are several, and each is read without problems and comes back from storage unchanged', () => {
    for (const file of files) {
      const spec = specOf(textOf(file));
      expect([file, specFromJson(specToJson(spec))]).toEqual([file, spec]);
    }
    console.log(`valid rollout files: ${files.length}`);
    expect(files.length).toBeGreaterThanOrEqual(8);
  });

  test('the smallest one gets every default of a node rollout', () => {
    expect(specOf(textOf('smallest.yaml'))).toEqual(SMALLEST);
  });

  test('one with everything written out is taken at its word', () => {
    expect(specOf(textOf('node.yaml'))).toEqual({
      ...SMALLEST,
      labels: { team: 'serving', ticket: 'OPS-4711' },
      to: {
        pool: 'llm-h200',
        source: { kind: 'manifests', paths: ['./new/*.yaml'] },
        replicas: 8,
        nodes: {
          kind: 'create',
          name: 'h200',
          like: 'h100',
          machineType: 'a3-ultragpu-8g',
          nodes: 4,
          zones: ['us-central1-b'],
          capacity: { kind: 'reservation', reservation: 'h200-res', deadlineMs: 20 * MINUTE },
          keepAfterFailureMs: DAY,
        },
        model: null,
        adapters: {},
      },
      ladder: [
        rung(1, 10 * MINUTE),
        rung(5, 10 * MINUTE),
        rung(25, 15 * MINUTE),
        rung(50, 30 * MINUTE, true),
        rung(100, HOUR),
      ],
      objectives: { errorRatio: 0.01, ttft: { overMs: 2500, atMost: 0.05 } },
      gatesOff: ['queue'],
      gateMinSamples: { 'ttft.slo': 500 },
      alerts: { policies: [{ name: 'projects/acme/alertPolicies/123', blames: 'new' }], holdWhileOpen: true },
      windows: [{ days: [1, 2, 3, 4, 5], fromMinute: 540, toMinute: 1020, timeZone: 'Europe/Berlin' }],
      retention: { oldMs: DAY, retire: 'delete' },
    });
  });

  test('a baseModel rollout gets its own ladder, warm-up and retention', () => {
    expect(specOf(textOf('base-model.yaml'))).toEqual({
      ...SMALLEST,
      name: 'llama-3-3',
      type: 'baseModel',
      from: { pool: 'llm-pool', autoscaler: 'pin' },
      to: {
        pool: 'llm-pool-version-2',
        source: { kind: 'manifests', paths: ['./version-2/*.yaml'] },
        replicas: null,
        nodes: { kind: 'same' },
        model: {
          id: 'meta-llama/Llama-3.3-8B-Instruct',
          revision: '0e9e39f249a16976918f6564b8830bc894c89659',
          servedNames: ['llama-3.3-8b', 'llama-3.1-8b'],
          maxModelLen: 131_072,
        },
        adapters: { 'cad-fabricator': 'same', 'legacy-eval': 'drop' },
      },
      ladder: [
        rung(1, 30 * MINUTE),
        rung(5, 30 * MINUTE),
        rung(10, 30 * MINUTE),
        rung(25, HOUR, true),
        rung(50, HOUR),
        rung(100, 4 * HOUR),
      ],
      pacing: { settleMs: MINUTE, warmUpMs: 5 * MINUTE, extendFactor: 6 },
      objectives: { errorRatio: 0.01, ttft: { overMs: 2500, atMost: 0.05 } },
      retention: { oldMs: 3 * DAY, retire: 'keep' },
    });
  });

  const ADAPTER: RolloutSpec = {
    ...SMALLEST,
    name: 'food-review',
    type: 'adapter',
    to: { ...SMALLEST.to, pool: 'llm', nodes: { kind: 'same' } },
    adapter: {
      alias: 'food-review-1',
      from: 'food-review-1',
      to: { name: 'food-review-2', source: 'gs://lora/food-review-2', load: 'loaded' },
      pools: 'routes',
    },
    ladder: [rung(5, 10 * MINUTE), rung(25, 10 * MINUTE), rung(50, 15 * MINUTE), rung(100, 30 * MINUTE)],
    pacing: { settleMs: MINUTE, warmUpMs: MINUTE, extendFactor: 12 },
  };

  test('the smallest adapter rollout stays in its pool and keeps the old version', () => {
    expect(specOf(textOf('adapter-smallest.yaml'))).toEqual(ADAPTER);
  });

  test('an adapter rollout with everything written out is taken at its word', () => {
    const text = textOf('adapter.yaml')
      .replace('newAdapter: 1h', 'newAdapter: 2h')
      .replace('retire: keep', 'retire: unload')
      .replace('effect: required', 'effect: names')
      .replace('pools: routes', 'pools: one');
    expect(specOf(text)).toEqual({
      ...ADAPTER,
      adapter: {
        alias: 'food-review',
        from: 'food-review-1',
        to: { name: 'food-review-2', source: 'acme/food-review-2', load: 'syncer' },
        pools: 'one',
      },
      verify: {
        ...ADAPTER.verify,
        adapterEffect: 'names',
        adapterPrompts: { 'food-review-2': ['Review this: the soup was cold, the staff was kind.'] },
      },
      gatesOff: ['adapterSlots'],
      gateMinSamples: { 'adapter.errors': 60 },
      rollback: { ...ADAPTER.rollback, afterNewPodsMs: 2 * HOUR },
      retention: { oldMs: DAY, retire: 'unload' },
    });
  });

  test('values that say what happens anyway are accepted', () => {
    expect(specOf(textOf('existing-with-explicit-values.yaml'))).toEqual({
      ...SMALLEST,
      name: 'a',
      labels: { 'example.com/team': 'serving', ticket: '4711', empty: '' },
      cluster: 'projects/example.com:acme/locations/us-central1-a/clusters/c',
      from: { pool: 'llm', autoscaler: 'leave' },
      verify: { ...SMALLEST.verify, adapterEffect: 'names' },
      to: { ...SMALLEST.to, pool: 'llm.v2', nodes: { kind: 'same' } },
      ladder: [rung(0.1, 10_000), rung(99.9, 30 * DAY), rung(100, 90 * MINUTE)],
      gatesOff: ['errors.fast', 'errors'],
      alerts: { policies: [], holdWhileOpen: false },
      windows: [
        { days: [1, 3, 5, 6, 7], fromMinute: 1320, toMinute: 360, timeZone: 'America/New_York' },
        { days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 0, toMinute: 1440, timeZone: 'UTC' },
      ],
      approvals: { notByStarter: false },
      priorities: 'flip',
      rollback: { floorPercent: 1, onHoldForMs: MINUTE, afterNewPodsMs: 0, afterNodePoolMs: null },
      retention: { oldMs: 0, retire: 'delete' },
      deadlineMs: 60 * DAY,
      acknowledge: ['adapter-dropped'],
    });
  });

  test('an alias means the value of its anchor', () => {
    expect(specOf(textOf('anchors.yaml')).ladder).toEqual([
      rung(10, 20 * MINUTE),
      rung(50, 20 * MINUTE),
      rung(100, 20 * MINUTE),
    ]);
  });

  test('every kind of capacity has its deadline', () => {
    const capacities = ['on-demand.yaml', 'node.yaml', 'spot.yaml', 'as-json.yaml'].map((file) => {
      const { nodes } = specOf(textOf(file)).to;
      return nodes.kind === 'create' ? nodes.capacity : null;
    });
    expect(capacities).toEqual([
      { kind: 'onDemand', deadlineMs: 20 * MINUTE },
      { kind: 'reservation', reservation: 'h200-res', deadlineMs: 20 * MINUTE },
      { kind: 'spot', deadlineMs: 20 * MINUTE, acceptExpiry: true },
      { kind: 'flexStart', deadlineMs: 6 * HOUR, acceptExpiry: true },
    ]);
  });

  test('the examples of the reference are these files', () => {
    expect([SMALLEST_EXAMPLE, NODE_EXAMPLE, BASE_MODEL_EXAMPLE, ADAPTER_EXAMPLE]).toEqual(
      ['smallest.yaml', 'node.yaml', 'base-model.yaml', 'adapter.yaml'].map(textOf),
    );
  });

  test('Windows line ends and a byte order mark change nothing', () => {
    for (const file of files) {
      const text = textOf(file);
      expect(specOf(`\uFEFF${text.replaceAll('\n', '\r\n')}`)).toEqual(specOf(text));
    }
  });

  test('a value without text is read the same way', () => {
    const value: unknown = JSON.parse(textOf('as-json.yaml'));
    expect(readRolloutValue(value)).toEqual({ kind: 'ok', spec: specOf(textOf('as-json.yaml')) });
    expect(readRolloutValue(7)).toMatchObject({
      kind: 'faults',
      faults: [{ code: 'not-a-mapping', path: [] }],
    });
  });
});

test('the smallest file of the design validates without any change', () => {
  const design = sharedPath('design.md');
  if (design === null) return;
  const blocks = readFileSync(design, 'utf8').match(/(?<=```yaml\n)apiVersion: sluice[^`]*/gu) ?? [];
  expect(blocks).toHaveLength(1);
  expect(blocks.map(specOf)).toEqual([SMALLEST]);
});

describe('a stored spec', () => {
  test('of a rollout from before adapters had a type is read with what it ran with', () => {
    const { adapter: _adapter, verify, ...older } = SMALLEST;
    const { adapterEffect: _effect, adapterPrompts: _prompts, ...olderVerify } = verify;
    expect(specFromJson(JSON.stringify({ ...older, verify: olderVerify }))).toEqual({
      ...SMALLEST,
      verify: { ...verify, adapterEffect: 'names' },
    });
  });

  test('that is something else is refused as unreadable', () => {
    const stored = specToJson(SMALLEST);
    for (const text of [
      '',
      '{',
      'null',
      '{}',
      stored.replace('"node"', '"server"'),
      stored.replace('{', '{"x":1,'),
    ]) {
      expect(() => specFromJson(text)).toThrowError(expect.objectContaining({ code: 'spec-unreadable' }));
    }
  });
});
