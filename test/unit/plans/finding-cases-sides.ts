import { aCluster, aDeployment, aPod, aPool, aService, CLUSTER, NAMESPACE, stored } from './a-cluster.ts';
import { type Case, hpa, NEW, OLD, replace } from './finding-fixtures.ts';

export const SIDES: readonly Case[] = [
  {
    code: 'pool-missing',
    severity: 'E',
    object: OLD,
    what: `Cluster ${CLUSTER} has no InferencePool llm in namespace serving.`,
    observed: aCluster({ pools: [aPool('llm-new')] }),
  },
  {
    code: 'new-pool-missing',
    severity: 'E',
    object: NEW,
    what: 'No InferencePool llm-new in namespace serving.',
    observed: aCluster({ pools: [aPool('llm')] }),
  },
  {
    code: 'selector-overlap',
    severity: 'E',
    object: OLD,
    what: 'Its selector app=llm also matches Deployment serving/llm-new.',
    observed: aCluster({
      pools: [aPool('llm'), aPool('llm-new', { selector: { matchLabels: { app: 'llm', gen: 'h200' } } })],
      deployments: replace(
        aCluster().deployments,
        'llm-new',
        stored('apps/v1', 'Deployment', 'llm-new', {
          spec: { replicas: 2, template: { metadata: { labels: { app: 'llm', gen: 'h200' } }, spec: {} } },
        }),
      ),
    }),
  },
  {
    code: 'picker-missing',
    severity: 'E',
    object: NEW,
    what: 'Its endpointPickerRef names Service llm-new-epp, which does not exist.',
    observed: aCluster({ services: [aService('llm-epp')] }),
  },
  {
    code: 'picker-not-ready',
    severity: 'E',
    object: OLD,
    what: 'None of 1 pods behind Service llm-epp is ready.',
    observed: aCluster({ pods: replace(aCluster().pods, 'llm-epp-1', aPod('llm-epp-1', 'llm-epp', false)) }),
  },
  {
    code: 'old-not-ready',
    severity: 'E',
    object: OLD,
    what: '1 of 2 pods are ready, the rollback floor needs 2.',
    observed: aCluster({ pods: replace(aCluster().pods, 'llm-2', aPod('llm-2', 'llm', false)) }),
  },
  {
    code: 'replicas-short',
    severity: 'E',
    object: `Deployment ${NAMESPACE}/llm-new`,
    what: '1 replicas are asked for, a share of 100 needs 2.',
    observed: aCluster({
      deployments: replace(aCluster().deployments, 'llm-new', aDeployment('llm-new', { replicas: 1 })),
    }),
  },
  {
    code: 'old-autoscaled',
    severity: 'E',
    object: `HorizontalPodAutoscaler ${NAMESPACE}/llm`,
    what: 'It scales Deployment llm of the old side.',
    observed: aCluster({ autoscalers: [hpa('llm', 'llm'), hpa('other', 'other')] }),
  },
  {
    code: 'names-unknown',
    severity: 'W',
    object: OLD,
    what: 'None of 2 ready pods answered GET /v1/models.',
    observed: aCluster({
      oldModels: [
        { pod: 'llm-1', models: null },
        { pod: 'llm-2', models: null },
      ],
    }),
  },
];
