/** What else befalls the rollout of an adapter: pods that come without it, sources that are not there, other people's edits. */
import { describe, expect, test } from 'vitest';
import { type DemoInput, readDemo } from '../../local/demo-input.ts';
import type { OperatorAct } from '../../local/scenarios.ts';
import type { Act } from '../../simulator/world/acts.ts';
import type { WorldInput } from '../../simulator/world/parameters.ts';
import type { RolloutSpec } from '../../workflows/spec/rollout-spec.ts';
import { type Played, playDemo } from '../helpers/world-contents.ts';

const MINUTE_MS = 60_000;
const NEW = 'food-review-2';

const where = ({ cluster, namespace }: RolloutSpec) => ({ cluster, namespace });
const onePod = (spec: RolloutSpec) => ({ ...where(spec), pool: spec.from.pool, pods: 1 });

/** Two minutes after a quarter of the name's requests went to the new version. */
const at25 =
  (act: (spec: RolloutSpec) => Act) =>
  (spec: RolloutSpec): WorldInput => ({
    acts: [
      {
        when: {
          ...where(spec),
          pool: spec.from.pool,
          rewritten: { asked: 'food-review-1', target: NEW },
          percent: 25,
          forMs: 2 * MINUTE_MS,
        },
        act: act(spec),
      },
    ],
  });

const atStart =
  (act: (spec: RolloutSpec) => Act) =>
  (spec: RolloutSpec): WorldInput => ({ acts: [{ when: { afterMs: 0 }, act: act(spec) }] });

const play = (
  world: (spec: RolloutSpec) => WorldInput,
  operator: readonly OperatorAct[] = [],
): Promise<Played> => {
  const read = readDemo({ scenario: 'adapter' });
  if (read.kind === 'problems') throw new Error(JSON.stringify(read.problems));
  const input: DemoInput = { ...read.value, scenario: { ...read.value.scenario, world, operator } };
  return playDemo(input);
};

const namesOnPods = ({ world }: Played): readonly string[] => [
  ...new Set(
    world
      .truth()
      .pods.map(({ adapters }) => Object.keys(adapters).toSorted().join())
      .filter((names) => names !== ''),
  ),
];

describe('a pod that comes up in mid-ladder without the new version', () => {
  test.each(['podsDeleted', 'serverKilled'] as const)(
    '%s: growth waits until it has it, and goes on',
    async (kind) => {
      const played = await play(at25((spec) => ({ kind, target: onePod(spec) })));
      const { result } = played.run;
      expect(result).toMatchObject({ outcome: 'promoted', shares: [0, 5, 25, 50, 100], replayMatches: true });
      // What was in the process, and what was sent before it had loaded the adapter.
      expect(result.requests.failed).toBeLessThan(100);
      expect(namesOnPods(played)).toEqual(['cad-fabricator,food-review-1,food-review-2']);
    },
  );
});

describe('the new version cannot be loaded', () => {
  test.each([
    ['absent', 'on all pods'],
    ['rank', 'on one pod of eight'],
  ] as const)('%s %s: no traffic is moved, and nothing stays', async (as, which) => {
    const played = await play(
      atStart((spec) => {
        const { pods, ...all } = onePod(spec);
        return {
          kind: 'syncerFails',
          target: which === 'on all pods' ? all : { ...all, pods },
          adapter: NEW,
          as,
        };
      }),
    );
    expect(played.run.result).toMatchObject({
      outcome: 'failed',
      shares: [],
      requests: { failed: 0 },
      replayMatches: true,
    });
    expect(namesOnPods(played)).toEqual(['cad-fabricator,food-review-1']);
    expect([...played.after]).toEqual([...played.before]);
  });

  test('a pod that is given it by hand again has answered 404 meanwhile: back at once', async () => {
    const unloaded = at25((spec) => ({ kind: 'adapterUnloaded', target: onePod(spec), adapter: NEW }));
    const { run } = await play(unloaded);
    expect(run.result).toMatchObject({ outcome: 'rolledBack', shares: [0, 5, 25, 0], replayMatches: true });
    expect(run.ending?.reason).toBe('tripwire:adapter.notFound');
  });
});

describe('answers of the new version', () => {
  const SOURCE = 'acme/llama-3.1-8b-food-review-v2-r8';
  const slowBy = (slowness: number) => play(() => ({ adapterSources: { [SOURCE]: { slowness } } }));

  test('take a quarter longer per token: back at the first rung, and no request is lost', async () => {
    const { run, before, after } = await slowBy(1.25);
    expect(run.result).toMatchObject({
      outcome: 'rolledBack',
      shares: [0, 5, 0],
      requests: { failed: 0 },
      replayMatches: true,
    });
    expect(run.ending?.reason).toBe('judge:adapter.duration');
    expect(run.ending?.sentence).toMatch(
      /^seconds per output token of food-review-2 20 ms \(\d+ answers\), of food-review-1 16 ms .* fail$/,
    );
    expect([...after]).toEqual([...before]);
  });

  test('take a tenth longer, which is allowed', async () => {
    const { run } = await slowBy(1.1);
    expect(run.result).toMatchObject({ outcome: 'promoted', requests: { failed: 0 }, replayMatches: true });
  });

  test('are too few to be compared: extended twelve times, then held, and back', async () => {
    const read = readDemo({ scenario: 'adapter' });
    if (read.kind === 'problems') throw new Error(JSON.stringify(read.problems));
    const { rollout } = read.value;
    const much = 'gates: { tune: { adapter.duration: { minSamples: 900000 } } }';
    const text = rollout.text.replace('\n  retention:', `\n  ${much}\n  retention:`);
    const { run } = await playDemo({ ...read.value, rollout: { ...rollout, text } });
    expect(run.result).toMatchObject({ outcome: 'rolledBack', shares: [0, 5, 0], replayMatches: true });
    const sentences = run.record.entries.map(({ sentence }) => sentence);
    expect(sentences.filter((sentence) => sentence.includes('adapter.duration inconclusive')).length).toBe(
      12,
    );
  });
});

describe('somebody else edits', () => {
  const drifting = at25((spec) => ({
    kind: 'targetsEdited',
    ...where(spec),
    pool: spec.from.pool,
    asked: 'food-review-1',
    weights: { 'food-review-1': 85, [NEW]: 15 },
  }));

  test('the targets: held, and adopted at their own share when somebody says so', async () => {
    const adopts: OperatorAct = {
      principal: 'operator@example.com',
      when: ({ context }) => context.hold?.reason === 'drift',
      afterMs: 2 * MINUTE_MS,
      request: ({ context }) => ({
        verb: 'resume',
        body: { generation: context.pauseGeneration + 1, holdId: context.hold?.id ?? null, drift: 'adopt' },
      }),
    };
    const { run } = await play(drifting, [adopts]);
    expect(run.result).toMatchObject({
      outcome: 'promoted',
      shares: [0, 5, 25, 15, 25, 50, 100],
      requests: { failed: 0 },
      replayMatches: true,
    });
  });

  test('the targets: held until its deadline, and back', async () => {
    const { run } = await play(drifting);
    expect(run.result).toMatchObject({
      outcome: 'rolledBack',
      shares: [0, 5, 25, 0],
      requests: { failed: 0 },
    });
    expect(run.ending?.sentence).toContain('last written by kubectl-edit');
  });

  test('the ConfigMap, for another adapter: that is loaded too, and the rollout goes on', async () => {
    const other = { id: 'other', source: 'acme/other' };
    const edit = at25((spec) => ({
      kind: 'syncerEdited',
      ...where(spec),
      configMap: 'llm-adapters',
      add: other,
    }));
    const played = await play(edit);
    expect(played.run.result).toMatchObject({ outcome: 'promoted', requests: { failed: 0 } });
    expect(namesOnPods(played)).toEqual(['cad-fabricator,food-review-1,food-review-2,other']);
  });

  test('the rewrite, by deleting it: clients get what the name itself is, and it ends so', async () => {
    const deleted = at25((spec) => ({
      kind: 'deleted',
      ...where(spec),
      resource: {
        group: 'inference.networking.x-k8s.io',
        version: 'v1alpha2',
        plural: 'inferencemodelrewrites',
        kind: 'InferenceModelRewrite',
      },
      name: 'food-review-1-llm',
    }));
    const { run } = await play(deleted);
    expect(run.result).toMatchObject({ outcome: 'failed', requests: { failed: 0 }, replayMatches: true });
    expect(run.ending?.reason).toBe('routeGone');
  });
});
