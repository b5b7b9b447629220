/** A published serving stack, used in place: its adapter's new version to the end, and back by an alert. */
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type DemoChoice, type DemoInput, readDemo } from '../../local/demo-input.ts';
import { percentOf } from '../../simulator/world/carrier-truth.ts';
import { items } from '../../simulator/world/fields.ts';
import { targetsOf } from '../../simulator/world/rewrites.ts';
import type { World } from '../../simulator/world/world.ts';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import { at } from '../../workflows/plans/fields.ts';
import { sharedPath } from '../helpers/shared.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { differences, playDemo } from '../helpers/world-contents.ts';

const folder = sharedPath('manifests', 'gaie-v1.0.1');
const CONFIG_MAP = 'ConfigMap default/vllm-llama3-8b-instruct-adapters';
const REWRITE = /^InferenceModelRewrite default\//;

const inputOf = (choice: DemoChoice): DemoInput => {
  const read = readDemo(choice);
  if (read.kind === 'problems') throw new Error(JSON.stringify(read.problems));
  return read.value;
};

/** The new version's share in each stored state of the rewrite, repetitions left out. */
const sharesWritten = (world: World): readonly number[] => {
  const shares = world.truth().carrierWrites.flatMap(({ after }) => (after === null ? [] : [shareIn(after)]));
  return shares.filter((share, index) => share !== shares[index - 1]);
};

const shareIn = (object: KubeObject): number => {
  const targets = targetsOf(
    items(at(object, 'spec', 'rules')).flatMap((rule) => items(rule['targets'])),
    'modelRewrite',
  );
  return percentOf(Object.fromEntries(targets.map(({ name, weight }) => [name, weight])), 'food-review-2');
};

const syncerText = (contents: ReadonlyMap<string, string>): string =>
  String(at(JSON.parse(contents.get(CONFIG_MAP) ?? '{}'), 'data', 'configmap.yaml'));

describe.runIf(folder !== null)('the stack of the page', () => {
  test('runs food-review-1 → food-review-2 to promoted; the alias and one entry of a ConfigMap are all that is new', async () => {
    const played = await playDemo(inputOf({ stack: folder ?? '', scenario: 'adapter' }));
    const { run, world, before, after } = played;
    expect(run.result).toMatchObject({
      outcome: 'promoted',
      shares: [0, 5, 25, 50, 100],
      requests: { failed: 0 },
      backendRefs: [expect.objectContaining({ name: 'food-review-2' })],
      replayMatches: true,
    });
    const changed = differences(played);
    expect(changed.filter((name) => name !== CONFIG_MAP)).toEqual([expect.stringMatching(REWRITE)]);
    expect(before.size).toBeGreaterThan(15);
    // Lines were put in, and every other one is as it was.
    const lines = syncerText(after).split('\n');
    const kept = lines.filter((line) => !line.includes('food-review-2') && !line.includes('-new'));
    expect(kept.join('\n')).toBe(syncerText(before));
    expect(parse(syncerText(after))).toEqual({
      vLLMLoRAConfig: {
        name: 'vllm-llama3-8b-instruct-adapters',
        port: 8000,
        defaultBaseModel: 'meta-llama/Llama-3.1-8B-Instruct',
        ensureExist: {
          models: [
            { id: 'food-review-1', source: 'Kawon/llama3.1-food-finetune_v14_r8' },
            { id: 'food-review-2', source: 'Kawon/llama3.1-food-finetune_v14_r8-new' },
          ],
        },
      },
    });
    expect(sharesWritten(world)).toEqual([0, 5, 25, 50, 100]);
  });

  test('and, by an alert at 25, back: everything is byte for byte as it was', async () => {
    const made = inputOf({ stack: folder ?? '', scenario: 'adapter' });
    const acknowledge = '  acknowledge: [floating-model]\n';
    using files = temporaryFolder({ 'rollout.yaml': `${made.rollout.text.trimEnd()}\n${acknowledge}` });
    const played = await playDemo(
      inputOf({ stack: folder ?? '', scenario: 'alert', file: files.at('rollout.yaml') }),
    );
    const { run, world } = played;
    expect(run.result).toMatchObject({
      outcome: 'rolledBack',
      shares: [0, 5, 25, 0],
      requests: { failed: 0 },
      backendRefs: [],
      replayMatches: true,
    });
    expect(run.result.alertToWrittenMs).toBeLessThan(5_000);
    expect(sharesWritten(world)).toEqual([0, 5, 25, 0]);
    expect(differences(played)).toEqual([]);
    expect(run.remaining).toEqual([]);
    // Clients ask for the name that they asked for before, and the old version answers; the new one is gone from all pods.
    const pods = world.truth().pods.filter(({ adapters }) => Object.keys(adapters).length > 0);
    expect(pods.map(({ adapters }) => Object.keys(adapters))).toEqual(Array(3).fill(['food-review-1']));
    expect(world.truth().carriers).toEqual([]);
  });
});
