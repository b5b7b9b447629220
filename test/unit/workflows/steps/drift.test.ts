import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { KubeObject } from '../../../../workflows/kubernetes.ts';
import type { BackendRef } from '../../../../workflows/plans/plan.ts';
import { adoptOriginals } from '../../../../workflows/steps/adopt-originals.ts';
import { recogniseDrift } from '../../../../workflows/steps/drift.ts';
import { partsOf } from '../../../../workflows/steps/live-rules.ts';
import { rollbackPatch } from '../../../../workflows/steps/rollback-patch.ts';
import { at, drifted, NAMESPACE, order, RUNS, take } from './drifted-routes.ts';
import { patched, plannedRoute, poolRef, refsOf, SIDES, share, withRefs } from './traffic-arbitrary.ts';

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

describe('what a drift says', () => {
  const route = (
    refs: readonly BackendRef[],
    metadata: Partial<KubeObject['metadata']> = {},
  ): KubeObject => ({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'HTTPRoute',
    metadata: { name: 'routes-to-llm', namespace: NAMESPACE, uid: 'uid-1', ...metadata },
    spec: { rules: [{ backendRefs: refs }] },
  });
  const plan = {
    namespace: NAMESPACE,
    name: 'routes-to-llm',
    uid: 'uid-1',
    gateways: [],
    rules: [{ index: 0, originals: [poolRef('llm', 1)], newRefWasThere: false }],
  };
  const expected = { rolloutId: 'r-1', fence: 3, sides: SIDES, sharesPercent: [25], attached: true };
  const managed = (manager: string, time: string, fields: unknown) => ({ manager, time, fieldsV1: fields });
  const rules = { 'f:spec': { 'f:rules': {} } };

  test('the share as it stands, and who wrote it last, other than us', () => {
    const managedFields = [
      managed('argocd', '2026-01-02T00:00:00Z', rules),
      managed('kubectl-edit', '2026-01-01T00:00:00Z', rules),
      managed('sluice', '2026-01-03T00:00:00Z', rules),
      managed('gke', '2026-01-04T00:00:00Z', { 'f:status': {} }),
    ];
    const live = route([poolRef('llm', 2), poolRef('llm-new', 1)], { managedFields });
    expect(recogniseDrift(live, plan, expected)).toEqual({
      route: `${NAMESPACE}/routes-to-llm`,
      by: 'argocd',
      what: 'weights',
      sharePercent: 33.3,
      sentence: `HTTPRoute ${NAMESPACE}/routes-to-llm stands in rule 0 at llm 2, llm-new 1 instead of 75/25; last written by argocd`,
    });
  });

  test('no share where the rules do not agree', () => {
    const live = route([poolRef('llm', 1), poolRef('llm-new', 1)]);
    const two = {
      ...live,
      spec: {
        rules: [
          ...refsOf(live).map((backendRefs) => ({ backendRefs })),
          { backendRefs: [poolRef('llm', 1)] },
        ],
      },
    };
    expect(recogniseDrift(two, plan, expected)).toMatchObject({ what: 'refs', sharePercent: null });
  });

  test.each<[string, string | undefined, boolean, string | null]>([
    ['none', undefined, true, null],
    ['ours', 'r-1/3', true, null],
    ['ours, older', 'r-1/2', true, null],
    ['ours, written twice', 'r-1/3/2', true, null],
    ['ours, higher', 'r-1/4', true, 'carries fence 4, ours is 3'],
    ['past Sluice', 'r-1/2/direct', true, 'was rolled back past Sluice'],
    ['of another rollout', 'r-2/1', true, 'carries the fence of r-2'],
    ['of another rollout, before our first write', 'r-2/1', false, null],
    ['of nobody', 'what', true, 'carries the fence of what'],
  ])('a fence: %s', (_, value, attached, sentence) => {
    const annotations = value === undefined ? {} : { 'sluice.dev/fence': value };
    const refs = attached ? [poolRef('llm', 75), poolRef('llm-new', 25)] : [poolRef('llm', 1)];
    const found = recogniseDrift(route(refs, { annotations }), plan, { ...expected, attached });
    const name = `HTTPRoute ${NAMESPACE}/routes-to-llm`;
    expect(found?.sentence ?? null).toBe(sentence === null ? null : `${name} ${sentence}`);
  });

  test('being deleted, gone, created anew', () => {
    const refs = [poolRef('llm', 75), poolRef('llm-new', 25)];
    const what = (live: KubeObject | null) => recogniseDrift(live, plan, expected)?.what;
    expect(what(null)).toBe('routeDeleted');
    expect(what(route(refs, { deletionTimestamp: '2026-01-01T00:00:00Z' }))).toBe('routeDeleted');
    expect(what(route(refs, { uid: 'uid-2' }))).toBe('routeRecreated');
    expect(what(route(refs))).toBeUndefined();
  });

  test('a rule of others that starts to use a pool is seen', () => {
    const live = route([poolRef('llm', 75), poolRef('llm-new', 25)]);
    const more = {
      ...live,
      spec: {
        rules: [
          ...refsOf(live).map((backendRefs) => ({ backendRefs })),
          { backendRefs: [poolRef('llm-new', 1)] },
        ],
      },
    };
    expect(recogniseDrift(more, plan, expected)?.what).toBe('refs');
  });

  test('an adopted split in the integers of its author is none', () => {
    const live = route([poolRef('llm', 2), poolRef('llm-new', 1)]);
    const adoption = adoptOriginals(live, plan, SIDES);
    expect(adoption).toEqual({
      kind: 'adopted',
      sharePercent: 33.3,
      route: { ...plan, rules: [{ index: 0, originals: [poolRef('llm', 3)], newRefWasThere: false }] },
    });
    const route2 = adoption.kind === 'adopted' ? adoption.route : plan;
    expect(recogniseDrift(live, route2, { ...expected, sharesPercent: [33.3] })).toBeNull();
    expect(recogniseDrift(live, route2, { ...expected, sharesPercent: [33] })?.what).toBe('weights');
  });
});
