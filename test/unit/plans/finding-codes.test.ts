import { describe, expect, test } from 'vitest';
import { FINDING_CODES, type FindingCode } from '../../../workflows/plans/finding-codes.ts';
import type { ObservedCluster } from '../../../workflows/plans/observed-cluster.ts';
import { planRollout } from '../../../workflows/plans/plan-rollout.ts';
import type { RolloutSpec } from '../../../workflows/spec/rollout-spec.ts';
import {
  aCluster,
  aRef,
  aRoute,
  aSpec,
  baseModel,
  drainingPolicy,
  fromManifests,
  NAMESPACE,
  newManifests,
  withoutNewSide,
} from './a-cluster.ts';
import { ADAPTERS } from './finding-cases-adapter.ts';
import { MANIFESTS, NODES } from './finding-cases-nodes.ts';
import { OTHERS } from './finding-cases-others.ts';
import { ROUTES } from './finding-cases-routes.ts';
import { SIDES } from './finding-cases-sides.ts';
import { dryRun, hpa, objective, ok, rewrite, status } from './finding-fixtures.ts';

const CASES = [...SIDES, ...ROUTES, ...OTHERS, ...NODES, ...MANIFESTS, ...ADAPTERS];

describe('every finding of preflight', () => {
  test.each(CASES)(
    '$code is found, and says what is wrong',
    ({ code, severity, object, what, spec, manifests, observed }) => {
      const { findings } = planRollout(spec ?? aSpec(), manifests ?? [], observed);
      expect(findings.filter((one) => one.code === code)).toEqual([
        { severity, code, object, what, why: FINDING_CODES[code].why, mend: FINDING_CODES[code].mend },
      ]);
    },
  );

  test('no code is in the table that nothing produces', () => {
    const preflight = Object.entries(FINDING_CODES).filter(([, text]) =>
      (text.phases as readonly string[]).includes('preflight'),
    );
    expect(CASES.map((one) => one.code).sort()).toEqual(preflight.map(([code]) => code).sort());
  });

  test('a healthy cluster has none', () => {
    expect(planRollout(aSpec(), [], aCluster()).findings).toEqual([]);
    expect(planRollout(fromManifests(), newManifests(), withoutNewSide()).findings).toEqual([]);
    expect(planRollout(baseModel(), [], aCluster()).findings).toEqual([]);
  });
});

describe('what makes a plan refused', () => {
  const affinity = aCluster({
    backendPolicies: [drainingPolicy('llm', { sessionAffinity: { type: 'CLIENT_IP' } })],
  });

  test('an error always', () => {
    expect(
      planRollout(
        aSpec({ acknowledge: ['way-back'] }),
        [],
        aCluster({ routeDryRuns: dryRun(ok, status(400, 'BadRequest')) }),
      ).kind,
    ).toBe('refused');
  });

  test('a warning until its code is acknowledged', () => {
    expect(planRollout(aSpec(), [], affinity).kind).toBe('refused');
    expect(planRollout(aSpec({ acknowledge: ['session-affinity'] }), [], affinity).kind).toBe('planned');
  });

  test('a note never', () => {
    expect(planRollout(aSpec(), [], aCluster({ backendPolicies: [] })).kind).toBe('planned');
  });
});

describe('milder cases', () => {
  const severityOf = (code: FindingCode, spec: RolloutSpec, observed: ObservedCluster): string =>
    planRollout(spec, [], observed)
      .findings.filter((one) => one.code === code)
      .map((one) => one.severity)
      .join();

  test('an autoscaler that the file leaves is a note', () => {
    const spec = aSpec({ from: { pool: 'llm', autoscaler: 'leave' } });
    expect(severityOf('old-autoscaled', spec, aCluster({ autoscalers: [hpa('llm', 'llm')] }))).toBe('I');
  });

  test('a priority below 0 must be acknowledged', () => {
    expect(
      severityOf('objectives-priorities', aSpec(), aCluster({ objectives: [objective('batch', -1)] })),
    ).toBe('W');
  });

  test('a route of Argo CD or Flux must be acknowledged, one of Helm not', () => {
    const owned = (metadata: Readonly<Record<string, unknown>>) =>
      aCluster({ routes: [aRoute('routes-to-llm', [[aRef('llm', 1)]], { metadata })] });
    const argo = { annotations: { 'argocd.argoproj.io/tracking-id': 'serving:x' } };
    const flux = { managedFields: [{ manager: 'kustomize-controller' }] };
    const helm = { labels: { 'app.kubernetes.io/managed-by': 'Helm' } };
    expect(
      [argo, flux, helm].map((metadata) => severityOf('gitops-owner', aSpec(), owned(metadata))),
    ).toEqual(['W', 'W', '']);
  });

  test('a rewrite that changes nothing, or has a twin on the new side, is none', () => {
    const same = aCluster({ rewrites: [rewrite('chat', 'llm', 'chat')] });
    const twin = aCluster({
      rewrites: [rewrite('chat', 'llm', 'llama'), rewrite('chat-2', 'llm-new', 'llama')],
    });
    expect([same, twin].map((observed) => severityOf('rewrite-present', aSpec(), observed))).toEqual([
      '',
      '',
    ]);
  });

  test('a denied access review names what is missing', () => {
    const access = [
      { verb: 'create', group: '', resource: 'pods/proxy', namespace: NAMESPACE, allowed: false },
      {
        verb: 'patch',
        group: 'gateway.networking.k8s.io',
        resource: 'httproutes',
        namespace: NAMESPACE,
        allowed: true,
      },
    ];
    expect(
      planRollout(aSpec(), [], aCluster({ access })).findings.map((one) => `${one.object}: ${one.what}`),
    ).toEqual(['Namespace serving: I may not create pods/proxy.']);
  });
});
