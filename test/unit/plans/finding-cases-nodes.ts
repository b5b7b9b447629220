import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { RolloutSpec } from '../../../workflows/spec/rollout-spec.ts';
import {
  aCluster,
  aDeployment,
  aSpec,
  fromManifests,
  NAMESPACE,
  newManifests,
  withoutNewSide,
} from './a-cluster.ts';
import {
  type Case,
  create,
  NEW,
  nodePoolSpec,
  nodePools,
  OLD,
  pool,
  replace,
  status,
} from './finding-fixtures.ts';

export const NODES: readonly Case[] = [
  {
    code: 'node-pool-missing',
    severity: 'E',
    object: 'NodePool h200',
    what: 'The cluster has no node pool h200.',
    spec: nodePoolSpec,
    manifests: newManifests(),
    observed: withoutNewSide({ nodePools: nodePools(pool('h100')) }),
  },
  {
    code: 'selector-contradicts',
    severity: 'E',
    object: `Deployment ${NAMESPACE}/llm-new`,
    what: 'The template selects node pool h100, the rollout file h200.',
    spec: nodePoolSpec,
    manifests: replace(
      newManifests(),
      'llm-new',
      aDeployment('llm-new', { pod: { nodeSelector: { 'cloud.google.com/gke-nodepool': 'h100' } } }),
    ).concat(newManifests().filter((one) => one.kind === 'InferencePool')),
    observed: withoutNewSide({ nodePools: nodePools(pool('h200')) }),
  },
  {
    code: 'node-selector-unneeded',
    severity: 'I',
    object: 'Rollout llm-to-new',
    what: 'to.nodes: nodePool is information only.',
    spec: aSpec({ to: { pool: 'llm-new', source: 'existing', nodes: { nodePool: 'h200' } } }),
    observed: aCluster(),
  },
  {
    code: 'node-count-uneven',
    severity: 'E',
    object: 'NodePool h200',
    what: '4 nodes over 3 zones.',
    spec: create({ nodes: 4 }),
    manifests: newManifests(),
    observed: withoutNewSide({ nodePools: nodePools(pool('h100')) }),
  },
  {
    code: 'taint-untolerated',
    severity: 'E',
    object: `Deployment ${NAMESPACE}/llm-new`,
    what: 'Node pool h200 has the taint team=ads:NoSchedule.',
    spec: nodePoolSpec,
    manifests: newManifests(),
    observed: withoutNewSide({
      nodePools: nodePools(
        pool('h200', {
          taints: [
            { key: 'team', value: 'ads', effect: 'NO_SCHEDULE' },
            { key: 'nvidia.com/gpu', value: 'present', effect: 'NO_SCHEDULE' },
          ],
        }),
      ),
    }),
  },
  {
    code: 'capacity-expires',
    severity: 'W',
    object: 'NodePool h200',
    what: 'Flex-start nodes are deleted at most 7 days after they were made.',
    spec: {
      ...create(),
      to: { ...create().to, nodes: flexStartNodes() },
    },
    manifests: newManifests(),
    observed: withoutNewSide({ nodePools: nodePools(pool('h100')) }),
  },
  {
    code: 'create-with-existing',
    severity: 'E',
    object: 'Rollout llm-to-new',
    what: 'to.nodes.create names h200, to.source is existing.',
    spec: { ...create(), to: { ...create().to, source: { kind: 'existing' } } },
    observed: aCluster(),
  },
  {
    code: 'old-pool-is-new-pool',
    severity: 'E',
    object: OLD,
    what: 'from.pool and to.pool are both llm.',
    spec: { ...aSpec(), to: { ...aSpec().to, pool: 'llm' } },
    observed: aCluster(),
  },
];

function flexStartNodes(): RolloutSpec['to']['nodes'] {
  const { nodes } = create().to;
  if (nodes.kind !== 'create') throw new Error('not create');
  return { ...nodes, capacity: { kind: 'flexStart', deadlineMs: 1, acceptExpiry: false } };
}

const secret: KubeObject = { apiVersion: 'v1', kind: 'Secret', metadata: { name: 'hf-token' } };

export const MANIFESTS: readonly Case[] = [
  {
    code: 'name-taken',
    severity: 'E',
    object: `InferencePool ${NAMESPACE}/llm-new`,
    what: 'An object of this name exists already.',
    spec: fromManifests(),
    manifests: newManifests(),
    observed: withoutNewSide({ createDryRuns: [{ index: 1, answer: status(409, 'AlreadyExists') }] }),
  },
  {
    code: 'manifest-invalid',
    severity: 'E',
    object: `Secret ${NAMESPACE}/hf-token`,
    what: 'A Secret in the manifests: secrets never travel through Sluice; create it beforehand.',
    spec: fromManifests(),
    manifests: [...newManifests(), secret],
    observed: withoutNewSide(),
  },
  {
    code: 'manifest-pool-missing',
    severity: 'E',
    object: NEW,
    what: 'The manifests contain no InferencePool llm-new for namespace serving.',
    spec: fromManifests(),
    manifests: newManifests().filter((one) => one.kind !== 'InferencePool'),
    observed: withoutNewSide(),
  },
  {
    code: 'manifest-workload-missing',
    severity: 'E',
    object: NEW,
    what: 'No Deployment of the manifests makes pods with app=llm-new.',
    spec: fromManifests(),
    manifests: newManifests().filter((one) => one.metadata.name !== 'llm-new' || one.kind !== 'Deployment'),
    observed: withoutNewSide(),
  },
];
