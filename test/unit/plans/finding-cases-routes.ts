import {
  aCluster,
  aGateway,
  aRef,
  aRoute,
  aSpec,
  drainingPolicy,
  fromManifests,
  NAMESPACE,
  newManifests,
  stored,
  withoutNewSide,
} from './a-cluster.ts';
import { type Case, dryRun, OLD, ok, ROUTE, sampleRoute, status } from './finding-fixtures.ts';

export const ROUTES: readonly Case[] = [
  {
    code: 'routes-none',
    severity: 'E',
    object: OLD,
    what: 'No HTTPRoute of any namespace names llm in a backendRef.',
    observed: aCluster({ routes: [aRoute('other', [[aRef('other', 1)]])] }),
  },
  {
    code: 'no-old-traffic',
    severity: 'E',
    object: OLD,
    what: 'Its weight is 0 in every rule that names it.',
    observed: aCluster({ routes: [aRoute('routes-to-llm', [[aRef('llm', 0), aRef('other', 5)]])] }),
  },
  {
    code: 'zero-weight-ref',
    severity: 'W',
    object: ROUTE,
    what: 'Rule 1 names llm with weight 0.',
    spec: aSpec({ retention: { retire: 'delete' } }),
    observed: aCluster({
      routes: [aRoute('routes-to-llm', [[aRef('llm', 1)], [aRef('llm', 0), aRef('other', 1)]])],
    }),
  },
  {
    code: 'route-not-editable',
    severity: 'E',
    object: ROUTE,
    what: 'Adding llm-new with weight 0 is refused: 422 Invalid spec.rules[0].backendRefs: Too many.',
    observed: aCluster({
      routeDryRuns: dryRun(
        status(422, 'Invalid', [{ field: 'spec.rules[0].backendRefs', message: 'Too many' }]),
        ok,
      ),
    }),
  },
  {
    code: 'no-permission',
    severity: 'E',
    object: ROUTE,
    what: 'The API server does not let me patch it: 403 Forbidden said the server.',
    observed: aCluster({ routeDryRuns: dryRun(status(403, 'Forbidden'), status(403, 'Forbidden')) }),
  },
  {
    code: 'way-back',
    severity: 'E',
    object: ROUTE,
    what: 'Putting its backendRefs back is refused: 400 BadRequest said the server.',
    observed: aCluster({ routeDryRuns: dryRun(ok, status(400, 'BadRequest')) }),
  },
  {
    code: 'already-split',
    severity: 'E',
    object: ROUTE,
    what: 'Rule 1 gives llm-new the weight 10.',
    observed: aCluster({
      routes: [aRoute('routes-to-llm', [[aRef('llm', 1)], [aRef('llm', 90), aRef('llm-new', 10)]])],
    }),
  },
  {
    code: 'gateway-unhealthy',
    severity: 'E',
    object: `Gateway ${NAMESPACE}/gateway`,
    what: 'Gateway serving/gateway: Programmed is False.',
    observed: aCluster({ gateways: [aGateway('gateway', 'False')] }),
  },
  {
    code: 'no-gke-gateway',
    severity: 'E',
    object: ROUTE,
    what: 'None of its parents is a Gateway of a gke class.',
    observed: aCluster({ gateways: [{ ...aGateway('gateway'), spec: { gatewayClassName: 'istio' } }] }),
  },
  {
    code: 'route-not-reconciled',
    severity: 'E',
    object: ROUTE,
    what: 'Gateway serving/gateway: Reconciled is False, Because: as asked.',
    observed: aCluster({ routes: [aRoute('routes-to-llm', [[aRef('llm', 1)]], { reconciled: 'False' })] }),
  },
  {
    code: 'sample-manifest',
    severity: 'E',
    object: ROUTE,
    what: 'This is the sample of the GKE page on rollouts as published: spec.rules is a mapping, the API takes a list only; spec.parentRefs names the kind InferenceGateway, which no API serves (a Gateway is meant).',
    spec: fromManifests(),
    manifests: [...newManifests(), sampleRoute],
    observed: withoutNewSide(),
  },
  {
    code: 'cross-namespace',
    severity: 'E',
    object: 'HTTPRoute tenants/acme',
    what: 'No ReferenceGrant in serving lets routes of tenants refer to InferencePool llm-new.',
    observed: aCluster({
      routes: [
        aRoute('routes-to-llm', [[aRef('llm', 1)]]),
        aRoute('acme', [[aRef('llm', 1, { namespace: NAMESPACE })]], { metadata: { namespace: 'tenants' } }),
      ],
      referenceGrants: [
        stored('gateway.networking.k8s.io/v1beta1', 'ReferenceGrant', 'old-only', {
          spec: {
            from: [{ group: 'gateway.networking.k8s.io', kind: 'HTTPRoute', namespace: 'tenants' }],
            to: [{ group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'llm' }],
          },
        }),
      ],
    }),
  },
  {
    code: 'before-too-large',
    severity: 'E',
    object: ROUTE,
    what: 'Its backendRefs take 115 bytes beside 261128 bytes of annotations.',
    observed: aCluster({
      routes: [
        aRoute('routes-to-llm', [[aRef('llm', 1)]], {
          metadata: { annotations: { big: 'x'.repeat(261_125) } },
        }),
      ],
    }),
  },
  {
    code: 'session-affinity',
    severity: 'W',
    object: `GCPBackendPolicy ${NAMESPACE}/llm-policy`,
    what: 'Its sessionAffinity is GENERATED_COOKIE, for pool llm.',
    observed: aCluster({
      backendPolicies: [drainingPolicy('llm', { sessionAffinity: { type: 'GENERATED_COOKIE' } })],
    }),
  },
  {
    code: 'drain',
    severity: 'I',
    object: OLD,
    what: 'No GCPBackendPolicy sets its connectionDraining.',
    observed: aCluster({ backendPolicies: [] }),
  },
  {
    code: 'share-rounded',
    severity: 'I',
    object: 'Rollout llm-to-new',
    what: 'A share of 0.1 becomes 0.',
    spec: aSpec({
      ladder: [
        { share: 0.1, bake: '10m' },
        { share: 100, bake: '1h' },
      ],
    }),
    observed: aCluster({ routes: [aRoute('routes-to-llm', [[aRef('llm', 1), aRef('other', 999)]])] }),
  },
];
