import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import type { JsonPatch, KubeObject } from '../../workflows/kubernetes.ts';
import { at, itemsOf } from '../../workflows/plans/fields.ts';
import { soundObject } from '../../workflows/plans/sound-object.ts';
import { adoptOriginals } from '../../workflows/steps/adopt-originals.ts';
import { readShare, recogniseDrift } from '../../workflows/steps/drift.ts';
import { confirmation, gatewayHealth } from '../../workflows/steps/gateway-status.ts';
import { largestSharePercent } from '../../workflows/steps/live-rules.ts';
import { planRules } from '../../workflows/steps/plan-rules.ts';
import { readyCount } from '../../workflows/steps/readiness.ts';
import { isRolledBack, restorePatch, rollbackPatch } from '../../workflows/steps/rollback-patch.ts';
import { nextFenceValue } from '../../workflows/steps/route-fence.ts';
import { standsAt } from '../../workflows/steps/stands-at.ts';
import { fencePatch, removeOldRefPatch, weightsPatch } from '../../workflows/steps/traffic-patch.ts';
import { realSharePercent } from '../../workflows/steps/traffic-weights.ts';
import { aGateway, aPod } from '../unit/plans/a-cluster.ts';
import { type PlannedRoute, plannedRoute, SIDES, share } from '../unit/workflows/steps/traffic-arbitrary.ts';
import { fuzz, LONG, outcomeOf, type Verdict } from './fuzz.ts';
import { edit, edited } from './mutate.ts';

/** As the gateway has confirmed it, so that status fields are among what is changed. */
const withStatus = (route: KubeObject): KubeObject => ({
  ...route,
  metadata: {
    ...route.metadata,
    managedFields: [
      { manager: 'kubectl-edit', time: '2026-03-02T09:00:00Z', fieldsV1: { 'f:spec': { 'f:rules': {} } } },
    ],
  },
  status: {
    parents: [
      {
        controllerName: 'networking.gke.io/gateway',
        parentRef: { name: 'inference-gateway' },
        conditions: ['Accepted', 'ResolvedRefs', 'Reconciled'].map((type) => ({
          type,
          status: 'True',
          observedGeneration: 3,
        })),
      },
    ],
  },
});

interface Case extends PlannedRoute {
  readonly sharePercent: number;
}

const anyRoute: fc.Arbitrary<Case> = fc
  .tuple(plannedRoute, share, fc.array(edit, { maxLength: 4 }))
  .map(([{ route, plan }, sharePercent, edits]) => ({
    plan,
    sharePercent,
    route: edited({ route: withStatus(route) }, edits).route,
  }));

/** Every weight that is written is what the load balancer takes, or what stood there before us. */
const checkPatch = (patch: JsonPatch | null, { plan, route }: Case): void => {
  if (patch === null) return;
  const text = JSON.stringify(patch);
  expect(JSON.stringify(JSON.parse(text))).toBe(text);
  const before = JSON.stringify([plan, route]);
  for (const op of patch) {
    if (op.op !== 'add' || !op.path.endsWith('/weight')) continue;
    const weight = Number(op.value);
    const isKnown = before.includes(`"weight":${String(op.value)}`) || weight === 1;
    expect(Number.isSafeInteger(weight) && weight >= 0, `weight ${String(op.value)}`).toBe(true);
    expect(weight <= 1000 || isKnown || op.path.startsWith('/spec/rules/'), `weight ${weight}`).toBe(true);
  }
};

/** All that hands and looks ask of one route. */
const askAll = (given: Case, route: KubeObject): void => {
  const { plan, sharePercent } = given;
  const fenceValue = nextFenceValue(route, 'r-1', 7);
  const order = { route, plan, sides: SIDES, fenceValue };
  const said = confirmation(route, plan);
  expect(['confirmed', 'waiting', 'refused']).toContain(said.kind);
  const now = readShare(route, plan.namespace, SIDES);
  expect(now === null || (now >= 0 && now <= 100), `share ${now}`).toBe(true);
  const largest = largestSharePercent(route, plan.namespace, SIDES);
  expect(largest >= 0 && largest <= 100, `largest share ${largest}`).toBe(true);
  recogniseDrift(route, plan, {
    rolloutId: 'r-1',
    fence: 7,
    sides: SIDES,
    sharesPercent: [sharePercent],
    attached: true,
  });
  standsAt(route, plan, SIDES, sharePercent);
  isRolledBack(route, plan, SIDES);
  planRules(itemsOf(at(route, 'spec', 'rules')), plan.namespace, SIDES);
  checkPatch(weightsPatch({ ...order, sharePercent }), given);
  checkPatch(rollbackPatch({ ...order, sharePercent: 0 }), given);
  checkPatch(rollbackPatch({ ...order, sharePercent }), given);
  checkPatch(restorePatch(order), given);
  checkPatch(removeOldRefPatch(order), given);
  checkPatch(fencePatch(route, fenceValue), given);
  const adoption = adoptOriginals(route, plan, SIDES);
  if (adoption.kind === 'refused') return;
  const real = realSharePercent([adoption.route], SIDES, 50);
  expect(real >= 0 && real <= 50, `real share ${real}`).toBe(true);
};

const check = (given: Case): Verdict | Promise<Verdict> => {
  const route = soundObject(given.route);
  return route === null
    ? 'unreadable'
    : outcomeOf(
        () => askAll(given, route),
        () => 'asked',
      );
};

test('HTTPRoute through all steps', LONG, async () => {
  const seen = await fuzz({
    runs: 1_000,
    input: anyRoute,
    check,
  });
  expect(seen).toEqual(expect.arrayContaining(['asked', 'unreadable']));
});

test('Gateway through gateway-status', LONG, async () => {
  const seen = await fuzz({
    runs: 800,
    input: fc.array(edit, { maxLength: 3 }).map((edits) => edited({ gateway: aGateway('g') }, edits).gateway),
    check: (given) => {
      const gateway = soundObject(given);
      return gateway === null ? 'unreadable' : gatewayHealth(gateway).kind;
    },
  });
  expect(seen).toEqual(expect.arrayContaining(['healthy', 'unhealthy', 'unreadable']));
});

test('Pod through readiness', LONG, async () => {
  const seen = await fuzz({
    runs: 800,
    input: fc.array(edit, { maxLength: 3 }).map((edits) => edited({ pod: aPod('p', 'llm') }, edits).pod),
    check: (given) => {
      const pod = soundObject(given);
      if (pod === null) return 'unreadable';
      return readyCount([pod]) === 1 ? 'ready' : 'not ready';
    },
  });
  expect(seen).toEqual(expect.arrayContaining(['ready', 'not ready', 'unreadable']));
});
