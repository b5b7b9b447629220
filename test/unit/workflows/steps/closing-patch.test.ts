import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { newHasWeight, restorePatch, rollbackPatch } from '../../../../workflows/steps/rollback-patch.ts';
import { removeOldRefPatch } from '../../../../workflows/steps/traffic-patch.ts';
import { at, NAMESPACE, order, RUNS, restOf, take } from './drifted-routes.ts';
import {
  patched,
  plannedRoute,
  poolRef,
  refsOf,
  SIDES,
  share,
  weight,
  withRefs,
} from './traffic-arbitrary.ts';

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
