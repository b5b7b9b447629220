/** Every scenario of the demo from end to end: production doors and engine, simulated cloud. */
import { beforeAll, describe, expect, test } from 'vitest';
import { stringify } from 'yaml';
import { demoExit } from '../../cli/commands/demo.ts';
import { runCli } from '../../cli/main.ts';
import { type DemoChoice, type DemoInput, readDemo } from '../../local/demo-input.ts';
import type { DemoRun } from '../../local/demo-result.ts';
import type { DemoWatcher } from '../../local/demo-watch.ts';
import { runVirtualDemo } from '../../local/run-virtual-demo.ts';
import { SCENARIOS } from '../../local/scenarios.ts';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import { sharedPath } from '../helpers/shared.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { testIo } from '../helpers/test-io.ts';

const inputOf = (choice: DemoChoice): DemoInput => {
  const read = readDemo(choice);
  if (read.kind === 'problems') throw new Error(JSON.stringify(read.problems));
  return read.value;
};

const run = async (input: DemoInput, seed = 1, watcher: DemoWatcher = {}): Promise<DemoRun> => {
  const end = await runVirtualDemo(input, { seed, requestsPerSecond: 150 }, watcher);
  if (end.kind !== 'ran') throw new Error(JSON.stringify(end));
  return end.run;
};

/** Runs of the scenario with a few seeds; what holds, holds for each. */
const SEEDS = [1, 2, 3];

const runScenario = async (name: string): Promise<readonly DemoRun[]> => {
  const input = inputOf({ scenario: name });
  const runs: DemoRun[] = [];
  for (const seed of SEEDS) runs.push(await run(input, seed));
  return runs;
};

const ref = (name: string, weight: number) => ({
  group: 'inference.networking.k8s.io',
  kind: 'InferencePool',
  name,
  weight,
});

/** What every scenario must show, whatever its end. */
const expectSound = (runs: readonly DemoRun[]): void => {
  for (const { result, endedAsMeant } of runs) {
    expect(result).toMatchObject({ replayMatches: true });
    expect({ endedAsMeant, ...result }).toMatchObject({ endedAsMeant: true });
    expect(result.journalEntries).toBeGreaterThan(5);
    expect(result.requests.total).toBeGreaterThan(100_000);
  }
  expect(runs.map(demoExit)).toEqual(runs.map(() => 0));
};

describe('node-update', () => {
  let runs: readonly DemoRun[] = [];
  beforeAll(async () => {
    runs = await runScenario('node-update');
  });

  test('climbs the default ladder to the end and loses no request', () => {
    expectSound(runs);
    for (const { result } of runs)
      expect(result).toMatchObject({
        scenario: 'node-update',
        outcome: 'promoted',
        rolloutId: 'llm-to-h200-1',
        shares: [0, 1, 5, 25, 50, 100],
        alertToWrittenMs: null,
        requests: { failed: 0 },
        backendRefs: [ref('llm-new', 100)],
      });
  });

  test('every rung was judged on more samples than it needs', () => {
    for (const { result } of runs) {
      expect(result.samplesPerRung).toHaveLength(5);
      expect(Math.min(...result.samplesPerRung)).toBeGreaterThan(300);
    }
  });

  test('the three clocks of every growth are there, in their order of cause', () => {
    for (const { shares } of runs)
      for (const share of shares.slice(1)) {
        expect(share.programmedMs).toBeGreaterThan(share.writtenMs);
        expect(share.measuredMs).toBeGreaterThan(share.writtenMs);
      }
  });

  test('the new side stays, the old one is gone', () => {
    for (const { created, remaining, removed, nodePool, leftovers } of runs) {
      expect(remaining).toEqual(created.toSorted());
      expect(created).toContain('Deployment serving/llm-new');
      expect(removed).toEqual([
        'Deployment serving/llm',
        'Deployment serving/llm-epp',
        'Service serving/llm-epp',
        'GCPBackendPolicy serving/llm',
        'HealthCheckPolicy serving/llm',
        'InferencePool serving/llm',
        'ConfigMap serving/llm-epp',
      ]);
      expect({ nodePool, leftovers }).toEqual({
        nodePool: { name: 'h200-llm-to-h200-1-1', exists: true },
        leftovers: [],
      });
    }
  });

  test('watching it frame by frame changes nothing', async () => {
    const frames: string[] = [];
    const watched = await run(inputOf({ scenario: 'node-update' }), 1, {
      onFrame: async (frame) => {
        frames.push(frame.state);
        return 20_000;
      },
    });
    expect(frames.length).toBeGreaterThan(300);
    expect(watched.result).toEqual(runs[0]?.result);
    expect(watched.record.document.journalHash).toBe(runs[0]?.record.document.journalHash);
  });
});

test('base-model keeps every name and adapter answered, and waits for a colleague', async () => {
  const runs = await runScenario('base-model');
  expectSound(runs);
  for (const { result, record } of runs) {
    expect(result).toMatchObject({
      outcome: 'promoted',
      shares: [0, 1, 5, 10, 25, 50, 100],
      alertToWrittenMs: null,
      requests: { failed: 0 },
      backendRefs: [ref('llm-pool-version-2', 100)],
    });
    const approvals = record.entries.filter(
      ({ message }) => message.kind === 'command' && message.command.name === 'approve',
    );
    expect(approvals).toHaveLength(1);
  }
});

test('slow-hardware is rolled back by the judge of the first token, before 5 %', async () => {
  const runs = await runScenario('slow-hardware');
  expectSound(runs);
  for (const { result, ending, remaining, leftovers } of runs) {
    expect(result).toMatchObject({
      outcome: 'rolledBack',
      shares: [0, 1, 0],
      requests: { failed: 0 },
      backendRefs: [{ ...ref('llm', 1) }],
    });
    expect(ending).toMatchObject({ reason: 'judge:ttft.slo', cause: 'judge' });
    // Nothing is left but the accelerators, which are said, with the command that removes them.
    expect(remaining).toEqual([]);
    expect(leftovers).toEqual([expect.objectContaining({ kind: 'nodePool', name: 'h200-llm-to-h200-1-1' })]);
  }
});

test('alert: seconds after the incident the traffic is written back', async () => {
  const runs = await runScenario('alert');
  expectSound(runs);
  for (const { result, ending } of runs) {
    expect(result).toMatchObject({
      outcome: 'rolledBack',
      shares: [0, 1, 5, 25, 0],
      requests: { failed: 0 },
      backendRefs: [ref('llm', 1)],
    });
    expect(ending).toMatchObject({ reason: 'alert' });
    expect(result.alertToWrittenMs).toBeGreaterThan(0);
    expect(result.alertToWrittenMs).toBeLessThan(5_000);
  }
});

test('stockout: nothing is left, the old side is untouched', async () => {
  const input = inputOf({ scenario: 'stockout' });
  const runs = await runScenario('stockout');
  expectSound(runs);
  for (const { result, ending, remaining, removed, leftovers, nodePool, shares } of runs) {
    expect(result).toMatchObject({
      outcome: 'failed',
      shares: [],
      samplesPerRung: [],
      requests: { failed: 0 },
      backendRefs: [ref('llm', 1)],
    });
    expect(ending).toMatchObject({
      reason: 'nodePool',
      sentence: expect.stringContaining('stockout') as string,
    });
    expect({ remaining, removed, leftovers, shares }).toEqual({
      remaining: [],
      removed: [],
      leftovers: [],
      shares: [],
    });
    expect(nodePool).toEqual({ name: 'h200-llm-to-h200-1-1', exists: false });
  }
  expect(input.scenario.endsAs).toBe('failed');
});

test('drift is held, adopted at its own share, and climbs on from there', async () => {
  const runs = await runScenario('drift');
  expectSound(runs);
  for (const { result, record } of runs) {
    expect(result).toMatchObject({
      outcome: 'promoted',
      shares: [0, 1, 5, 25, 15, 25, 50, 100],
      requests: { failed: 0 },
      backendRefs: [ref('llm-new', 100)],
    });
    const sentences = record.entries.map(({ sentence }) => sentence);
    expect(sentences).toContain('adopted the foreign share 15 %');
    expect(sentences.find((sentence) => sentence.includes('kubectl-edit'))).toBeDefined();
  }
});

/** What the name becomes at the end. */
const versionOn = (runs: readonly DemoRun[]): readonly (readonly string[])[] =>
  runs.map(({ result }) => result.backendRefs.map(({ name }) => name));

describe('adapter', () => {
  let runs: readonly DemoRun[] = [];
  beforeAll(async () => {
    runs = await runScenario('adapter');
  });

  test('climbs the default ladder inside one pool and loses no request', () => {
    expectSound(runs);
    for (const { result } of runs)
      expect(result).toMatchObject({
        outcome: 'promoted',
        shares: [0, 5, 25, 50, 100],
        alertToWrittenMs: null,
        requests: { failed: 0 },
      });
    expect(versionOn(runs)).toEqual(runs.map(() => ['food-review-2']));
  });

  test('probes of every pod were judged at each rung, and requests were seen to follow', () => {
    for (const { result, shares } of runs) {
      const probes = result.samplesPerGate['adapter.errors'] ?? [];
      expect([probes.length, Math.min(...probes.map((count) => count ?? 0)) > 50]).toEqual([4, true]);
      // At 100 % the old version answers nobody any more.
      const timed = result.samplesPerGate['adapter.duration'] ?? [];
      expect([timed.length, Math.min(...timed.map((count) => count ?? 0)) >= 200]).toEqual([3, true]);
      for (const share of shares.slice(1)) expect(share.measuredMs).toBeGreaterThan(share.writtenMs);
    }
  });

  test('the rewrite stays as the alias, and the summary says why', async () => {
    for (const { created, remaining, removed } of runs)
      expect({ created, remaining, removed }).toEqual({
        created: ['InferenceModelRewrite serving/food-review-1-llm'],
        remaining: ['InferenceModelRewrite serving/food-review-1-llm'],
        removed: [],
      });
    const io = testIo();
    expect(await runCli(['demo', '--scenario', 'adapter', '--fast'], io)).toBe(0);
    expect(io.outLines.find((line) => line.includes('it is the alias now'))).toContain('food-review-1');
  });
});

test('adapter-silent: one pod of eight answers as the base model does, and no traffic is moved', async () => {
  const runs = await runScenario('adapter-silent');
  expectSound(runs);
  for (const { result, record, findings, remaining } of runs) {
    expect(result).toMatchObject({
      outcome: 'failed',
      shares: [],
      samplesPerRung: [],
      requests: { failed: 0 },
    });
    const found = findings.filter(({ code }) => code === 'adapter-no-effect');
    expect(found.map(({ object }) => object)).toEqual([expect.stringMatching(/^Pod serving\/llm-\w+-\w+$/)]);
    expect(record.entries.some(({ effects }) => effects.includes('setWeights'))).toBe(false);
    expect(remaining).toEqual([]);
  }
});

test('adapter-missing: one pod of eight loses the new version at 25 %, and its 404 rolls back within seconds', async () => {
  const runs = await runScenario('adapter-missing');
  expectSound(runs);
  for (const { result, ending, remaining, shares } of runs) {
    expect(result).toMatchObject({ outcome: 'rolledBack', shares: [0, 5, 25, 0], backendRefs: [] });
    expect(ending?.reason).toBe('tripwire:adapter.notFound');
    // A quarter of an eighth of a tenth of 150 requests a second, for seconds.
    expect(result.requests.failed).toBeLessThan(30);
    expect(remaining).toEqual([]);
    expect(shares.at(-1)?.measuredMs).toBeGreaterThan(shares.at(-1)?.writtenMs ?? Number.POSITIVE_INFINITY);
  }
});

test('every scenario is described, and has a test here', () => {
  expect(SCENARIOS.map(({ name, endsAs }) => `${name} ${endsAs}`)).toEqual([
    'node-update promoted',
    'base-model promoted',
    'slow-hardware rolledBack',
    'alert rolledBack',
    'stockout failed',
    'drift promoted',
    'adapter promoted',
    'adapter-silent failed',
    'adapter-missing rolledBack',
  ]);
});

describe('a stack from elsewhere', () => {
  const folder = sharedPath('manifests', 'gaie-v1.0.1');

  test.runIf(folder !== null)('runs to promoted against a twin of its own pool', async () => {
    const input = inputOf({ stack: folder ?? '' });
    const { result, accepted, removed } = await run(input);
    expect(accepted).toEqual(['floating-model']);
    expect(result).toMatchObject({
      outcome: 'promoted',
      shares: [0, 1, 5, 25, 50, 100],
      requests: { failed: 0 },
      backendRefs: [ref('vllm-llama3-8b-instruct-new', 100)],
      replayMatches: true,
    });
    expect(removed).not.toContain('ConfigMap default/vllm-llama3-8b-instruct-adapters');
  });

  test.runIf(folder !== null)(
    'and as a base model, with the names and adapters that its servers tell',
    async () => {
      const input = inputOf({ stack: folder ?? '', scenario: 'base-model' });
      expect(input.rollout.spec.to).toMatchObject({
        model: { servedNames: ['meta-llama/Llama-3.1-8B-Instruct'] },
        adapters: { 'food-review-1': 'same' },
      });
      expect((await run(input)).result).toMatchObject({ outcome: 'promoted', requests: { failed: 0 } });
    },
  );

  test.runIf(folder !== null)(
    'a new side without the adapter is stopped in verifying, before any traffic',
    async () => {
      const { rollout } = inputOf({ stack: folder ?? '', scenario: 'base-model' });
      using files = temporaryFolder({
        'rollout.yaml': rollout.text.replace(
          'type: baseModel',
          'type: baseModel\n  acknowledge: [floating-model]',
        ),
        'new/side.yaml': withoutAdapters(rollout.manifests)
          .map((object) => stringify(object))
          .join('---\n'),
      });
      const io = testIo();
      const args = ['demo', '--scenario', 'base-model', '--json', '--stack', folder ?? '', '-f'];
      expect(await runCli([...args, files.at('rollout.yaml')], io)).toBe(5);
      expect(io.errLines).toEqual([]);
      expect(JSON.parse(io.outLines.at(-1) ?? '')).toMatchObject({
        outcome: 'failed',
        shares: [],
        requests: { failed: 0 },
        backendRefs: [ref('vllm-llama3-8b-instruct', 1)],
        replayMatches: true,
      });
      const { ending, record, remaining } = await run(
        inputOf({ stack: folder ?? '', scenario: 'base-model', file: files.at('rollout.yaml') }),
      );
      expect(ending?.sentence).toContain('food-review-1');
      expect(
        record.entries.find(
          ({ message }) => message.kind === 'outcome' && message.outcome.kind === 'verifyFailed',
        )?.from,
      ).toBe('verifying');
      expect(record.entries.some(({ effects }) => effects.includes('setWeights'))).toBe(false);
      expect(remaining).toEqual([]);
    },
  );
});

/** The new side with a ConfigMap of its own, which names no adapter. */
const withoutAdapters = (objects: readonly KubeObject[]): readonly KubeObject[] => {
  const text = JSON.stringify(objects).replaceAll(
    '"configMap":{"name":"vllm-llama3-8b-instruct-adapters"}',
    '"configMap":{"name":"no-adapters"}',
  );
  const none = {
    apiVersion: 'v1',
    kind: 'ConfigMap',
    metadata: { name: 'no-adapters', namespace: 'default' },
    data: { 'configmap.yaml': 'vLLMLoRAConfig: { name: none, port: 8000, ensureExist: { models: [] } }\n' },
  };
  return [...(JSON.parse(text) as KubeObject[]), none];
};
