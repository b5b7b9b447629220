import { describe, expect, test } from 'vitest';
import { accessWanted } from '../../../../../functions/runtime/hands/gather-answers.ts';
import type { KubeObject } from '../../../../../workflows/kubernetes.ts';
import { aSpec } from '../../../plans/a-cluster.ts';

const SERVED = {
  v1: ['services', 'serviceaccounts', 'configmaps'],
  'apps/v1': ['deployments'],
  'inference.networking.k8s.io/v1': ['inferencepools'],
  'rbac.authorization.k8s.io/v1': ['clusterrolebindings'],
};

const object = (apiVersion: string, kind: string): KubeObject => ({
  apiVersion,
  kind,
  metadata: { name: `a-${kind.toLowerCase()}` },
});

const deletions = (retire: 'delete' | 'keep', manifests: readonly KubeObject[]): readonly string[] =>
  accessWanted(
    aSpec({
      retention: { retire },
      ...(manifests.length === 0
        ? {}
        : { to: { pool: 'llm-new', source: { manifests: ['./new.yaml'] }, nodes: 'same' } }),
    }),
    { routes: [], objectives: 0, manifests, served: SERVED },
  )
    .filter(({ verb }) => verb === 'delete')
    .map(({ resource, namespace }) => `${resource} ${namespace ?? '(cluster)'}`)
    .toSorted();

describe('rights that preflight asks for', () => {
  test('everything of the old side that is served, where it is retired', () => {
    expect(deletions('delete', [])).toEqual([
      'configmaps serving',
      'deployments serving',
      'inferencepools serving',
      'services serving',
    ]);
    expect(deletions('keep', [])).toEqual([]);
  });

  test('everything that the manifests bring, each kind once, cluster-wide ones without a namespace', () => {
    const manifests = [
      object('v1', 'ServiceAccount'),
      object('v1', 'ServiceAccount'),
      object('rbac.authorization.k8s.io/v1', 'ClusterRoleBinding'),
    ];
    expect(deletions('keep', manifests)).toEqual([
      'clusterrolebindings (cluster)',
      'serviceaccounts serving',
    ]);
  });
});
