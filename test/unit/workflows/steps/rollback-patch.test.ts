import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../workflows/kubernetes.ts';
import type { BackendRef } from '../../../../workflows/plans/plan.ts';
import { partsOf } from '../../../../workflows/steps/live-rules.ts';
import { isRolledBack, newHasWeight, rollbackPatch } from '../../../../workflows/steps/rollback-patch.ts';
import { at, drifted, NAMESPACE, order, RUNS, restOf, take } from './drifted-routes.ts';
import { patched, plannedRoute, poolRef, refsOf, SIDES, share, withRefs } from './traffic-arbitrary.ts';

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

  test('in steps are refused once anybody has written since the read: it may have been lower', () => {
    fc.assert(
      fc.property(plannedRoute, fc.integer({ min: 1, max: 99 }), (planned, sharePercent) => {
        const live = at(planned, sharePercent);
        const patch = rollbackPatch({ ...order({ route: live, plan: planned.plan }, 9), sharePercent });
        expect(patched(live, patch)).not.toBeNull();
        const bumped = { ...live, metadata: { ...live.metadata, resourceVersion: '99' } };
        expect(patched(bumped, patch)).toBeNull();
      }),
      { numRuns: 200 },
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
