import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { BackendRef } from '../../../../workflows/plans/plan.ts';
import { expectedRefs } from '../../../../workflows/steps/live-rules.ts';
import { beforeValue, carriesFence, nextFenceValue } from '../../../../workflows/steps/route-fence.ts';
import { attachPatch, fencePatch, weightsPatch } from '../../../../workflows/steps/traffic-patch.ts';
import { ruleWeights } from '../../../../workflows/steps/traffic-weights.ts';
import { at, drifted, NAMESPACE, order, RUNS, restOf, take } from './drifted-routes.ts';
import { patched, plannedRoute, refsOf, SIDES, share } from './traffic-arbitrary.ts';

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
