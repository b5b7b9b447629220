import { describe, expect, test } from 'vitest';
import { planRules } from '../../../../workflows/steps/plan-rules.ts';
import {
  beforeBytes,
  nextFenceValue,
  pointerKey,
  readFence,
} from '../../../../workflows/steps/route-fence.ts';
import { poolRef, SIDES } from './traffic-arbitrary.ts';

const rule = (...backendRefs: readonly unknown[]) => ({ backendRefs });
const plan = (...rules: readonly unknown[]) => planRules(rules, SIDES.namespace, SIDES);

describe('planning the rules of a route', () => {
  test('only rules in which the old pool has a part, with what stands there', () => {
    expect(
      plan(rule(poolRef('x', 1)), rule(poolRef('llm', 3), poolRef('x', 1)), rule(poolRef('llm', 0)), {}),
    ).toEqual({
      kind: 'planned',
      rules: [{ index: 1, originals: [poolRef('llm', 3), poolRef('x', 1)], newRefWasThere: false }],
    });
  });

  test('a ref of the new pool without weight is somebody else’s', () => {
    expect(plan(rule(poolRef('llm', 3), poolRef('llm-new', 0)))).toMatchObject({
      rules: [{ newRefWasThere: true }],
    });
  });

  test('one with weight stops the plan', () => {
    expect(plan(rule(poolRef('llm', 3)), rule(poolRef('llm-new', 2)))).toEqual({
      kind: 'alreadySplit',
      rule: 1,
      weight: 2,
    });
  });

  test('pools of the same name in other namespaces, and Services, are others', () => {
    expect(
      plan(
        rule({ ...poolRef('llm', 1), namespace: 'other' }),
        rule({ group: '', kind: 'Service', name: 'llm', port: 80, weight: 1 }),
      ),
    ).toEqual({ kind: 'noPart' });
  });
});

describe('our annotations', () => {
  const object = (value?: string) => ({
    apiVersion: 'v1',
    kind: 'X',
    metadata: { name: 'x', ...(value === undefined ? {} : { annotations: { 'sluice.dev/fence': value } }) },
  });

  test.each<[string | undefined, unknown]>([
    [undefined, null],
    ['a/b-7/12', { rolloutId: 'a/b-7', fence: 12, direct: false, repeat: 1 }],
    ['b-7/12/3', { rolloutId: 'b-7', fence: 12, direct: false, repeat: 3 }],
    ['b-7/12/direct', { rolloutId: 'b-7', fence: 12, direct: true, repeat: 1 }],
    ['nonsense', { rolloutId: 'nonsense', fence: 0, direct: false, repeat: 1 }],
  ])('a fence of %s', (value, fence) => {
    expect(readFence(object(value))).toEqual(fence);
  });

  test('a repeated write of one decision has another value, and so has the next decision', () => {
    const values = [undefined, 'r/2', 'r/3', 'r/3/2', 'r/3/direct', 'q/3'].map((value) =>
      nextFenceValue(object(value), 'r', 3),
    );
    expect(values).toEqual(['r/3', 'r/3', 'r/3/2', 'r/3/3', 'r/3', 'r/3']);
  });

  test('keys are escaped as RFC 6901 has it', () => {
    expect(pointerKey('sluice.dev/a~b')).toBe('sluice.dev~1a~0b');
  });

  test('the size of the originals is counted in bytes', () => {
    const rules = [{ index: 0, originals: [poolRef('ä', 1)], newRefWasThere: false }];
    expect(beforeBytes(rules)).toBe(JSON.stringify([{ rule: 0, backendRefs: [poolRef('ä', 1)] }]).length + 1);
  });
});
