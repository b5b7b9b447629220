import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../workflows/kubernetes.ts';
import type { BackendRef } from '../../../../workflows/plans/plan.ts';
import { adoptOriginals } from '../../../../workflows/steps/adopt-originals.ts';
import { recogniseDrift } from '../../../../workflows/steps/drift.ts';
import { expectedRefs, partsOf } from '../../../../workflows/steps/live-rules.ts';
import {
  isRolledBack,
  newHasWeight,
  restorePatch,
  rollbackPatch,
} from '../../../../workflows/steps/rollback-patch.ts';
import { beforeValue, carriesFence, nextFenceValue } from '../../../../workflows/steps/route-fence.ts';
import {
  attachPatch,
  fencePatch,
  removeOldRefPatch,
  weightsPatch,
} from '../../../../workflows/steps/traffic-patch.ts';
import { ruleWeights } from '../../../../workflows/steps/traffic-weights.ts';
import {
  type PlannedRoute,
  patched,
  plannedRoute,
  poolRef,
  refsOf,
  SIDES,
  share,
  weight,
  withRefs,
} from './traffic-arbitrary.ts';

const RUNS = { numRuns: 1500 };
const NAMESPACE = SIDES.namespace;

const order = ({ route, plan }: PlannedRoute, fence: number) => ({
  route,
  plan,
  sides: SIDES,
  fenceValue: nextFenceValue(route, 'r-1', fence),
});

const take = (object: KubeObject | null): KubeObject => {
  if (object === null) throw new Error('the patch was refused');
  return object;
};

/** Attached, then set to the share. */
const at = (planned: PlannedRoute, sharePercent: number): KubeObject => {
  const attached = take(patched(planned.route, attachPatch(order(planned, 2))));
  const next = { route: attached, plan: planned.plan };
  return take(patched(attached, weightsPatch({ ...order(next, 3), sharePercent })));
};

/** All but backendRefs of planned rules and our annotations. */
const restOf = (route: KubeObject, { plan }: PlannedRoute): unknown => {
  const copy = structuredClone(route) as unknown as {
    metadata: { annotations?: Record<string, string> };
    spec: { rules: { backendRefs?: unknown }[] };
  };
  for (const rule of plan.rules) delete copy.spec.rules[rule.index]?.backendRefs;
  const { 'sluice.dev/fence': _, 'sluice.dev/before': __, ...annotations } = copy.metadata.annotations ?? {};
  return { ...copy, metadata: { ...copy.metadata, annotations } };
};

/** What people and controllers do to rules. */
const mishap = fc.oneof(
  fc.record({ kind: fc.constant('shuffle' as const), by: fc.nat({ max: 4 }) }),
  fc.record({ kind: fc.constant('drop' as const), rule: fc.nat({ max: 3 }), ref: fc.nat({ max: 4 }) }),
  fc.record({
    kind: fc.constant('weight' as const),
    rule: fc.nat({ max: 3 }),
    ref: fc.nat({ max: 4 }),
    weight,
  }),
  fc.record({
    kind: fc.constant('add' as const),
    rule: fc.nat({ max: 3 }),
    weight,
    name: fc.constantFrom('x', 'llm-new', 'llm'),
  }),
  fc.record({ kind: fc.constant('newRule' as const), weight, name: fc.constantFrom('x', 'llm-new', 'llm') }),
  fc.record({ kind: fc.constant('dropRule' as const), rule: fc.nat({ max: 3 }) }),
);

type Mishap = typeof mishap extends fc.Arbitrary<infer T> ? T : never;

const suffer = (route: KubeObject, what: Mishap): KubeObject => {
  const copy = structuredClone(route) as KubeObject & { spec: { rules: { backendRefs: BackendRef[] }[] } };
  const { rules } = copy.spec;
  const refs = 'rule' in what ? rules[what.rule % Math.max(1, rules.length)]?.backendRefs : undefined;
  if (what.kind === 'shuffle') rules.push(...rules.splice(0, what.by % Math.max(1, rules.length)));
  if (what.kind === 'drop' && refs !== undefined) refs.splice(what.ref % Math.max(1, refs.length), 1);
  if (what.kind === 'weight' && refs !== undefined && refs.length > 0) {
    const index = what.ref % refs.length;
    refs[index] = { ...refs[index], weight: what.weight } as BackendRef;
  }
  if (what.kind === 'add') refs?.push(poolRef(what.name, what.weight));
  if (what.kind === 'newRule') rules.unshift({ backendRefs: [poolRef(what.name, what.weight)] });
  if (what.kind === 'dropRule') rules.splice(what.rule % Math.max(1, rules.length), 1);
  return copy;
};

const drifted = fc
  .tuple(plannedRoute, share, fc.array(mishap, { maxLength: 4 }), fc.boolean())
  .map(([planned, sharePercent, mishaps, attached]) => ({
    planned,
    live: mishaps.reduce(suffer, attached ? at(planned, sharePercent) : planned.route),
  }));

describe('forward patches', () => {
  test('give the weights that the arithmetic says, in the order of the originals', () => {
    fc.assert(
      fc.property(plannedRoute, share, (planned, sharePercent) => {
        const live = refsOf(at(planned, sharePercent));
        for (const rule of planned.plan.rules) {
          const weights = ruleWeights(rule, NAMESPACE, SIDES, sharePercent);
          const wanted = expectedRefs(rule, NAMESPACE, SIDES, weights);
          const told = live[rule.index]?.map((ref) => ({ ...ref, weight: ref.weight ?? 1 }));
          expect(told).toEqual(wanted);
        }
      }),
      RUNS,
    );
  });

  test('change nothing else by a byte', () => {
    fc.assert(
      fc.property(plannedRoute, share, (planned, sharePercent) => {
        const before = JSON.stringify(restOf(planned.route, planned));
        expect(JSON.stringify(restOf(at(planned, sharePercent), planned))).toBe(before);
      }),
      RUNS,
    );
  });

  test('attaching changes no weight that was there', () => {
    fc.assert(
      fc.property(plannedRoute, (planned) => {
        const live = refsOf(take(patched(planned.route, attachPatch(order(planned, 2)))));
        for (const rule of planned.plan.rules) {
          const count = rule.originals.length;
          expect(JSON.stringify(live[rule.index]?.slice(0, count))).toBe(JSON.stringify(rule.originals));
          expect(live[rule.index]?.slice(count).map((ref) => [ref.name, ref.weight])).toEqual(
            rule.newRefWasThere ? [] : [['llm-new', 0]],
          );
        }
      }),
      RUNS,
    );
  });

  test('leave the fence and, once, the originals on the route', () => {
    fc.assert(
      fc.property(plannedRoute, (planned) => {
        const attached = take(patched(planned.route, attachPatch(order(planned, 2))));
        expect(attached.metadata.annotations).toEqual({
          ...planned.route.metadata.annotations,
          'sluice.dev/fence': 'r-1/2',
          'sluice.dev/before': beforeValue(planned.plan.rules),
        });
        expect(carriesFence(attached, 'r-1', 2)).toBe(true);
        const again = weightsPatch({ ...order({ route: attached, plan: planned.plan }, 3), sharePercent: 0 });
        expect(again).toEqual([
          { op: 'test', path: '/metadata/uid', value: 'uid-1' },
          { op: 'test', path: '/metadata/resourceVersion', value: '7' },
          { op: 'add', path: '/metadata/annotations/sluice.dev~1fence', value: 'r-1/3' },
        ]);
      }),
      RUNS,
    );
  });

  test.each(['uid', 'resourceVersion'] as const)('are refused once the %s is another', (field) => {
    fc.assert(
      fc.property(plannedRoute, share, (planned, sharePercent) => {
        const other = { ...planned.route, metadata: { ...planned.route.metadata, [field]: 'other' } };
        expect(patched(other, weightsPatch({ ...order(planned, 2), sharePercent }))).toBeNull();
      }),
      { numRuns: 200 },
    );
  });

  test('written again where told to, put back what others took or added', () => {
    fc.assert(
      fc.property(drifted, share, ({ planned, live }, sharePercent) => {
        const rules = refsOf(live);
        fc.pre(planned.plan.rules.every((rule) => rules[rule.index] !== undefined));
        const next = { route: live, plan: planned.plan };
        const after = refsOf(take(patched(live, weightsPatch({ ...order(next, 9), sharePercent }))));
        for (const rule of planned.plan.rules) {
          const wanted = expectedRefs(
            rule,
            NAMESPACE,
            SIDES,
            ruleWeights(rule, NAMESPACE, SIDES, sharePercent),
          );
          const key = (ref: BackendRef) => `${ref.kind} ${ref.name} ${ref.weight ?? 1}`;
          expect(after[rule.index]?.map(key).sort()).toEqual(wanted.map(key).sort());
        }
      }),
      RUNS,
    );
  });
});

describe('the fence alone', () => {
  test('changes one annotation, always to another value', () => {
    fc.assert(
      fc.property(plannedRoute, fc.integer({ min: 1, max: 3 }), (planned, repeats) => {
        let live = planned.route;
        const values = new Set<string>();
        for (let count = 0; count < repeats; count += 1) {
          live = take(patched(live, fencePatch(live, nextFenceValue(live, 'r-1', 4))));
          values.add(live.metadata.annotations?.['sluice.dev/fence'] ?? '');
        }
        expect(values.size).toBe(repeats);
        expect(carriesFence(live, 'r-1', 4)).toBe(true);
        expect(JSON.stringify(live['spec'])).toBe(JSON.stringify(planned.route['spec']));
      }),
      RUNS,
    );
  });

  test('is refused rather than replace annotations that came since the read', () => {
    const bare = { apiVersion: 'v1', kind: 'X', metadata: { name: 'x', uid: 'uid-1' } };
    const patch = fencePatch(bare, 'r-1/2');
    const since = { ...bare, metadata: { ...bare.metadata, annotations: { theirs: '1' } } };
    expect(patched(since, patch)).toBeNull();
    expect(patched(bare, patch)?.metadata.annotations).toEqual({ 'sluice.dev/fence': 'r-1/2' });
  });
});

describe('rollback patches', () => {
  test('give back the original integers from any share', () => {
    fc.assert(
      fc.property(plannedRoute, share, (planned, sharePercent) => {
        const live = at(planned, sharePercent);
        const next = { route: live, plan: planned.plan };
        const back = take(patched(live, rollbackPatch({ ...order(next, 9), sharePercent: 0 })));
        for (const rule of planned.plan.rules) {
          const wanted = rule.originals.map((ref) => ({ ...ref, weight: ref.weight ?? 1 }));
          expect(refsOf(back)[rule.index]?.slice(0, wanted.length)).toEqual(wanted);
        }
        expect(isRolledBack(back, planned.plan, SIDES)).toBe(true);
        expect(JSON.stringify(restOf(back, planned))).toBe(JSON.stringify(restOf(planned.route, planned)));
      }),
      RUNS,
    );
  });

  test('leave the new side nothing and no rule empty of weight, whatever others did to the route', () => {
    fc.assert(
      fc.property(drifted, ({ planned, live }) => {
        const before = refsOf(live);
        const next = { route: live, plan: planned.plan };
        const back = take(patched(live, rollbackPatch({ ...order(next, 9), sharePercent: 0 })));
        expect(newHasWeight(back, NAMESPACE, SIDES)).toBe(false);
        expect(isRolledBack(back, planned.plan, SIDES)).toBe(true);
        for (const [index, refs] of refsOf(back).entries()) {
          const had = before[index] ?? [];
          const lost = total(had) > 0 && total(refs) === 0;
          expect(lost).toBe(false);
          const kept = (list: readonly BackendRef[]) =>
            list.filter((ref) => ref.name === 'x').map((ref) => ref.weight);
          expect(kept(refs)).toEqual(kept(had));
        }
      }),
      { numRuns: 4000 },
    );
  });

  test('are the same again when sent again, but for the fence', () => {
    fc.assert(
      fc.property(drifted, ({ planned, live }) => {
        const send = (route: KubeObject) =>
          take(
            patched(route, rollbackPatch({ ...order({ route, plan: planned.plan }, 9), sharePercent: 0 })),
          );
        const once = send(live);
        expect(refsOf(send(once))).toEqual(refsOf(once));
      }),
      RUNS,
    );
  });

  test('in steps never give the new side more than it has', () => {
    fc.assert(
      fc.property(drifted, share, ({ planned, live }, sharePercent) => {
        const next = { route: live, plan: planned.plan };
        const back = refsOf(take(patched(live, rollbackPatch({ ...order(next, 9), sharePercent }))));
        for (const [index, refs] of refsOf(live).entries()) {
          const had = newPart(refs);
          const has = newPart(back[index] ?? []);
          expect(has).toBeLessThanOrEqual(Math.min(had, Math.max(sharePercent / 100, 0)) + 1e-9);
        }
      }),
      RUNS,
    );
  });

  test('pass over status writes, and are refused when another backend stands in the place', () => {
    fc.assert(
      fc.property(plannedRoute, share, (planned, sharePercent) => {
        const live = at(planned, sharePercent);
        const patch = rollbackPatch({ ...order({ route: live, plan: planned.plan }, 9), sharePercent: 0 });
        const bumped = {
          ...live,
          metadata: { ...live.metadata, resourceVersion: '99' },
          status: { parents: [] },
        };
        expect(patched(bumped, patch)).not.toBeNull();
        const index = planned.plan.rules[0]?.index ?? 0;
        const refs = refsOf(live)[index] ?? [];
        const moved = withRefs(live, index, [poolRef('intruder', 1), ...refs]);
        expect(patched(moved, patch)).toBeNull();
      }),
      RUNS,
    );
  });
});

const total = (refs: readonly BackendRef[]): number => refs.reduce((sum, ref) => sum + (ref.weight ?? 1), 0);

const newPart = (refs: readonly BackendRef[]): number => {
  const parts = partsOf(refs, NAMESPACE, SIDES);
  return parts.new === 0 ? 0 : parts.new / (parts.old + parts.new);
};

describe('closing patches', () => {
  test('a restore is byte for byte, for originals of any kind, and leaves only the fence', () => {
    fc.assert(
      fc.property(plannedRoute, share, (planned, sharePercent) => {
        const live = at(planned, sharePercent);
        const back = take(
          patched(live, rollbackPatch({ ...order({ route: live, plan: planned.plan }, 9), sharePercent: 0 })),
        );
        const patch = restorePatch(order({ route: back, plan: planned.plan }, 10));
        const end = take(patched(back, patch ?? []));
        expect(JSON.stringify(end['spec'])).toBe(JSON.stringify(planned.route['spec']));
        expect(end.metadata.annotations).toEqual({
          ...planned.route.metadata.annotations,
          'sluice.dev/fence': 'r-1/10',
        });
      }),
      RUNS,
    );
  });

  test('a restore removes only our ref where others added backends', () => {
    fc.assert(
      fc.property(plannedRoute, weight, (planned, parts) => {
        const rule = planned.plan.rules[0];
        fc.pre(rule?.newRefWasThere === false);
        const index = rule?.index ?? 0;
        const attached = at(planned, 0);
        const foreign = withRefs(attached, index, [poolRef('x', parts), ...(refsOf(attached)[index] ?? [])]);
        const patch = restorePatch(order({ route: foreign, plan: planned.plan }, 10));
        const end = take(patched(foreign, patch ?? []));
        expect(refsOf(end)[index]).toEqual([poolRef('x', parts), ...(rule?.originals ?? [])]);
      }),
      RUNS,
    );
  });

  test('a restore waits while the new side has weight', () => {
    fc.assert(
      fc.property(plannedRoute, fc.integer({ min: 1, max: 100 }), (planned, sharePercent) => {
        const live = at(planned, sharePercent);
        fc.pre(newHasWeight(live, NAMESPACE, SIDES));
        expect(restorePatch(order({ route: live, plan: planned.plan }, 10))).toBeNull();
      }),
      { numRuns: 300 },
    );
  });

  test('the old refs go once the share is 100, and no others', () => {
    fc.assert(
      fc.property(plannedRoute, (planned) => {
        const live = at(planned, 100);
        const patch = removeOldRefPatch(order({ route: live, plan: planned.plan }, 12));
        const end = take(patched(live, patch ?? []));
        for (const rule of planned.plan.rules)
          expect(refsOf(end)[rule.index]).toEqual(
            refsOf(live)[rule.index]?.filter((ref) => ref.name !== 'llm'),
          );
        expect(JSON.stringify(restOf(end, planned))).toBe(JSON.stringify(restOf(planned.route, planned)));
        expect(end.metadata.annotations).toEqual({
          ...planned.route.metadata.annotations,
          'sluice.dev/fence': 'r-1/12',
        });
      }),
      RUNS,
    );
  });

  test('the old refs stay while they have weight', () => {
    fc.assert(
      fc.property(plannedRoute, fc.integer({ min: 0, max: 99 }), (planned, sharePercent) => {
        const live = at(planned, sharePercent);
        expect(removeOldRefPatch(order({ route: live, plan: planned.plan }, 12))).toBeNull();
      }),
      { numRuns: 300 },
    );
  });
});

describe('drift', () => {
  const expected = (sharePercent: number, fence = 3) => ({
    rolloutId: 'r-1',
    fence,
    sides: SIDES,
    sharesPercent: [sharePercent],
    attached: true,
  });

  test('what we wrote is none, in any order of backends and after any status write', () => {
    fc.assert(
      fc.property(plannedRoute, share, (planned, sharePercent) => {
        const live = at(planned, sharePercent);
        const index = planned.plan.rules[0]?.index ?? 0;
        const turned = withRefs(live, index, distinctTurned(refsOf(live)[index] ?? []));
        expect(recogniseDrift(live, planned.plan, expected(sharePercent))).toBeNull();
        expect(recogniseDrift(turned, planned.plan, expected(sharePercent))).toBeNull();
      }),
      RUNS,
    );
  });

  test('a weight that is another, a ref too few or too many, is always seen', () => {
    fc.assert(
      fc.property(plannedRoute, share, fc.integer({ min: 1, max: 50 }), (planned, sharePercent, more) => {
        const live = at(planned, sharePercent);
        const rule = planned.plan.rules[0];
        const index = rule?.index ?? 0;
        const refs = refsOf(live)[index] ?? [];
        const [first, ...rest] = refs;
        const what = (changed: readonly BackendRef[]) =>
          recogniseDrift(withRefs(live, index, changed), planned.plan, expected(sharePercent))?.what;
        const heavier = { ...first, weight: (first?.weight ?? 1) + more } as BackendRef;
        expect(what([heavier, ...rest])).toBe('weights');
        expect(what(rest)).toBe('refs');
        expect(what([...refs, poolRef('x', more)])).toBe('refs');
      }),
      RUNS,
    );
  });

  test('after adopting, the foreign route is what is expected, and a rollback gives the old pool all of both parts', () => {
    fc.assert(
      fc.property(drifted, ({ planned, live }) => {
        const adoption = adoptOriginals(live, planned.plan, SIDES);
        fc.pre(adoption.kind === 'adopted');
        const route = adoption.kind === 'adopted' ? adoption.route : planned.plan;
        const next = { route: live, plan: route };
        const back = take(patched(live, rollbackPatch({ ...order(next, 9), sharePercent: 0 })));
        for (const [index, refs] of refsOf(live).entries()) {
          const parts = partsOf(refs, NAMESPACE, SIDES);
          const after = partsOf(refsOf(back)[index] ?? [], NAMESPACE, SIDES);
          expect(after).toEqual({ old: parts.old + parts.new, new: 0, others: parts.others });
        }
      }),
      RUNS,
    );
  });
});

/** Backends in the other order; those named twice keep theirs. */
const distinctTurned = (refs: readonly BackendRef[]): readonly BackendRef[] =>
  new Set(refs.map((ref) => ref.name)).size === refs.length ? refs.toReversed() : refs;
