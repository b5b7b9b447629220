import { describe, expect, test } from 'vitest';
import {
  fenceOf,
  isConfirmed,
  raises,
  refsByRule,
  sameRefs,
  shareOf,
  sharesOf,
  writesFence,
} from '../../../simulation/checkers/routes.ts';
import { anOrder, aRoute } from './a-seen.ts';

const order = anOrder();

describe('routes as checkers read them', () => {
  test('an absent weight is 1, and only InferencePools of the namespace are sides', () => {
    const route = aRoute({ rules: [{ llm: null, 'llm-new': 3, svc: 5 }] });
    const [rule = []] = refsByRule(route, order);
    expect(rule.map(({ side, weight }) => [side, weight])).toEqual([
      ['old', 1],
      ['new', 3],
      ['other', 5],
    ]);
    expect(shareOf(rule)).toBe(75);
    const elsewhere = { ...order, namespace: 'other' };
    expect(sharesOf(route, elsewhere)).toEqual([]);
  });

  test('a rule in which neither pool has weight has no share', () => {
    expect(sharesOf(aRoute({ rules: [{ llm: 0, 'llm-new': 0 }, { svc: 1 }, { llm: 1 }] }), order)).toEqual([
      0,
    ]);
    expect(sharesOf(null, order)).toEqual([]);
  });

  test('a raise is told rule by rule', () => {
    const before = aRoute({ rules: [{ llm: 1 }, { llm: 90, 'llm-new': 10 }] });
    const after = aRoute({
      rules: [
        { llm: 1, 'llm-new': 0 },
        { llm: 9, 'llm-new': 2 },
      ],
    });
    expect(raises({ before, after }, order).map(({ index, shareBefore }) => [index, shareBefore])).toEqual([
      [1, 10],
    ]);
  });

  test('refs are the same whatever the order of their keys', () => {
    const one = aRoute({ rules: [{ llm: 1 }] });
    const ref = { weight: 1, name: 'llm', kind: 'InferencePool', group: 'inference.networking.k8s.io' };
    expect(sameRefs(one, { ...one, spec: { rules: [{ backendRefs: [ref] }] } })).toBe(true);
    expect(sameRefs(one, aRoute({ rules: [{ llm: 2 }] }))).toBe(false);
  });

  test('a fence has a rollout, a number and perhaps a mark', () => {
    const of = (fence: string) => fenceOf(aRoute({ rules: [], fence }));
    expect(of('a/b/7')).toEqual({ rolloutId: 'a/b', fence: 7, repeat: 1, direct: false });
    expect(of('r-1/7/2')).toEqual({ rolloutId: 'r-1', fence: 7, repeat: 2, direct: false });
    expect(of('r-1/8/direct')).toEqual({ rolloutId: 'r-1', fence: 8, repeat: 1, direct: true });
    expect(of('r-1')).toBeNull();
    expect(fenceOf(aRoute({ rules: [] }))).toBeNull();
    const before = aRoute({ rules: [], fence: 'r-1/7' });
    expect(writesFence({ before, after: before })).toBe(false);
    expect(writesFence({ before, after: aRoute({ rules: [], fence: 'r-1/7/2' }) })).toBe(true);
  });

  test('a route is confirmed by every GKE parent, for its generation, with all three conditions', () => {
    const route = aRoute({ rules: [{ llm: 1 }], generation: 3, confirmed: 3 });
    expect(isConfirmed(route)).toBe(true);
    expect(isConfirmed(route, 2)).toBe(true);
    expect(isConfirmed(route, 4)).toBe(false);
    expect(isConfirmed(aRoute({ rules: [], generation: 3 }))).toBe(false);
    expect(isConfirmed(null)).toBe(false);
    const parents = (route['status'] as { readonly parents: readonly Record<string, unknown>[] }).parents;
    const [first = {}] = parents;
    const saying = (...entries: readonly object[]) => ({ ...route, status: { parents: entries } });
    const conditions = (first['conditions'] as readonly object[]).slice(0, 2);
    expect(isConfirmed(saying({ ...first, conditions }))).toBe(false);
    const failed = (first['conditions'] as readonly { readonly type: string }[]).map((condition) => ({
      ...condition,
      status: condition.type === 'Reconciled' ? 'False' : 'True',
    }));
    expect(isConfirmed(saying({ ...first, conditions: failed }))).toBe(false);
    expect(isConfirmed(saying({ ...first, controllerName: 'example.com/other' }))).toBe(false);
    const second = { ...route, spec: { parentRefs: [{ name: 'gateway' }, { name: 'inner' }] } };
    expect(isConfirmed(second)).toBe(false);
    const others = { parentRef: { name: 'inner' }, controllerName: 'example.com/other', conditions: [] };
    expect(isConfirmed({ ...second, status: { parents: [first, others] } })).toBe(true);
  });
});
