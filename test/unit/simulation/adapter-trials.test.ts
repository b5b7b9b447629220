/** Trials about adapters: what is drawn, what stands in their namespaces, what their files and orders say. */
import { describe, expect, test } from 'vitest';
import { parseRolloutFile } from '../../../workflows/spec/parse-rollout-file.ts';
import { drawTrial } from '../../simulation/draw/draw-trial.ts';
import { readTrial } from '../../simulation/read-trial.ts';
import { namesOf, poolsOf, syncerOf } from '../../simulation/stage/adapter-stack.ts';
import { orderOf } from '../../simulation/stage/orders.ts';
import { rolloutText } from '../../simulation/stage/rollout-text.ts';
import { adaptersOf, newSideObjects, stackObjects } from '../../simulation/stage/stack-objects.ts';

const SEEDS = Array.from({ length: 600 }, (_, index) => index + 1);
const TRIALS = SEEDS.map(drawTrial);
const ABOUT = TRIALS.filter(({ stacks }) => stacks.some(({ type }) => type === 'adapter'));

describe('what is drawn', () => {
  test('about a fifth of the trials is about adapters, and nothing but adapters', () => {
    console.log(`${ABOUT.length} of ${TRIALS.length} trials are about adapters`);
    expect(ABOUT.length).toBeGreaterThan(TRIALS.length * 0.15);
    expect(ABOUT.length).toBeLessThan(TRIALS.length * 0.35);
    expect(ABOUT.filter(({ stacks }) => stacks.some(({ type }) => type !== 'adapter'))).toEqual([]);
  });

  test('a file can hold each, and it is the same every time', () => {
    for (const trial of ABOUT) expect(readTrial(JSON.parse(JSON.stringify(trial)))).toEqual(trial);
    expect(SEEDS.map(drawTrial)).toEqual(TRIALS);
  });

  test('every era, kind of rewrite, number of pools and way of loading is there', () => {
    const stacks = ABOUT.flatMap((trial) => trial.stacks.map(adaptersOf));
    const kinds = (of: (one: (typeof stacks)[number]) => string | number): readonly string[] =>
      [...new Set(stacks.map(of))].map(String).toSorted((one, other) => (one < other ? -1 : 1));
    expect(kinds(({ era }) => era)).toEqual(['llm-d', 'model', 'x-k8s']);
    expect(kinds(({ rewrite }) => rewrite)).toEqual(['absent', 'foreign', 'own', 'shared']);
    expect(kinds(({ pools }) => pools)).toEqual(['1', '2']);
    const loads = ABOUT.flatMap(({ orders }) => orders.map(({ adapter }) => adapter?.load ?? 'pool'));
    expect([...new Set(loads)].toSorted((one, other) => (one < other ? -1 : 1))).toEqual([
      'loaded',
      'pool',
      'syncer',
    ]);
  });

  test('stacks of one trial are of one era: a cluster serves one kind', () => {
    const mixed = ABOUT.filter(
      ({ stacks }) => new Set(stacks.map((stack) => adaptersOf(stack).era)).size > 1,
    );
    expect(mixed.map(({ seed }) => seed)).toEqual([]);
  });
});

describe('the stage', () => {
  test('every file is one that the product reads', () => {
    const wrong = ABOUT.flatMap((trial) =>
      trial.orders.flatMap((_order, index) => {
        const parsed = parseRolloutFile(rolloutText(trial, index, Date.UTC(2026, 2, 2)), 'rollout.yaml');
        return parsed.kind === 'problems' ? [{ seed: trial.seed, index, problems: parsed.problems }] : [];
      }),
    );
    expect(wrong).toEqual([]);
  });

  test('each pool has its own objects, and each name one rule in each pool', () => {
    for (const trial of ABOUT)
      for (const [index, drawn] of trial.stacks.entries()) {
        const stack = { ...drawn, newSideThere: false };
        const adapters = adaptersOf(stack);
        const objects = stackObjects(stack, index);
        const names = (kind: string): readonly string[] =>
          objects.filter((object) => object.kind === kind).map(({ metadata }) => metadata.name);
        expect(names('InferencePool')).toEqual(poolsOf(adapters));
        for (const pool of poolsOf(adapters)) expect(names('ConfigMap')).toContain(syncerOf(pool));
        const text = JSON.stringify(objects);
        const { alias } = namesOf(adapters, 0);
        const rules =
          text.split(`"value":"${alias}"`).length - 1 + (text.split(`"modelName":"${alias}"`).length - 1);
        const isMade = adapters.rewrite === 'absent' && adapters.era !== 'model';
        expect(rules).toBe(isMade ? 0 : poolsOf(adapters).length);
      }
  });

  test('the same pool under another name has objects of its own', () => {
    const stack = ABOUT[0]?.stacks[0];
    if (stack === undefined) throw new RangeError('no stack');
    const own = new Set(stackObjects(stack, 0).map(({ kind, metadata }) => `${kind}/${metadata.name}`));
    const anew = newSideObjects(stack, 0).map(({ kind, metadata }) => `${kind}/${metadata.name}`);
    expect(anew.length).toBeGreaterThan(5);
    expect(anew.filter((name) => own.has(name))).toEqual([]);
  });

  test('an order says what checkers need to know, and what was made for it', () => {
    const [trial] = ABOUT.filter(({ orders, stacks }) => {
      const [stack] = stacks;
      return orders.length === 1 && stack !== undefined && adaptersOf(stack).rewrite === 'absent';
    });
    const [order] = trial?.orders ?? [];
    if (trial === undefined || order === undefined) throw new RangeError('no trial');
    const told = orderOf(trial, order, {
      requestId: 'start-0',
      rolloutId: 'order-0-1',
      startMs: 0,
      carriers: ['review-1-llm-pool'],
    });
    expect(told).toMatchObject({
      type: 'adapter',
      oldPool: 'review-1',
      newPool: 'review-2',
      oldObjects: [],
      adapter: { alias: 'review-1', from: 'review-1', to: 'review-2' },
    });
    expect(told.routes).toContain('review-1-llm-pool');
    expect(told.adapter?.fence).toMatch(/^sluice\.dev\/fence-[0-9a-f]{8}$/u);
  });
});
