import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { parseAllDocuments } from 'yaml';
import { loadStack } from '../../../../simulator/world/kubernetes/load-stack.ts';
import { RESOURCES } from '../../../../workflows/kubernetes.ts';
import { sharedPath } from '../../../helpers/shared.ts';
import { fixture, route } from './fixture.ts';

const KUBECTL = { user: 'alice', manager: 'kubectl' } as const;

const documentsOf = (folder: string): readonly unknown[] =>
  readdirSync(folder)
    .filter((file) => file.endsWith('.yaml'))
    .flatMap((file) =>
      parseAllDocuments(readFileSync(join(folder, file), 'utf8')).map((document): unknown => document.toJS()),
    );

test.runIf(sharedPath() !== null).each([
  ['gaie-v1.0.1', 18],
  ['gaie-v1.5.0', 5],
])('the stack %s loads unchanged', (stack, objects) => {
  const { server, writes } = fixture();
  const failures = loadStack(server, documentsOf(sharedPath('manifests', stack) ?? ''), KUBECTL);
  expect(failures).toEqual([]);
  expect(writes.length).toBe(objects);
});

test.runIf(sharedPath() !== null)('the loaded stack reads as the API server would store it', () => {
  const { server } = fixture();
  loadStack(server, documentsOf(sharedPath('manifests', 'gaie-v1.0.1') ?? ''), KUBECTL);
  expect(server.read(RESOURCES.httpRoute, 'default', 'llm-route')?.['spec']).toEqual({
    parentRefs: [{ group: 'gateway.networking.k8s.io', kind: 'Gateway', name: 'inference-gateway' }],
    rules: [
      {
        backendRefs: [
          {
            group: 'inference.networking.k8s.io',
            kind: 'InferencePool',
            name: 'vllm-llama3-8b-instruct',
            weight: 1,
          },
        ],
        matches: [{ path: { type: 'PathPrefix', value: '/' } }],
      },
    ],
  });
  expect(server.read(RESOURCES.deployment, 'default', 'vllm-llama3-8b-instruct-epp')?.['spec']).toMatchObject(
    {
      replicas: 1,
      template: {
        spec: {
          serviceAccount: 'vllm-llama3-8b-instruct-epp',
          terminationGracePeriodSeconds: 130,
          containers: [{ ports: [{ protocol: 'TCP' }, { protocol: 'TCP' }, { name: 'metrics' }] }],
          volumes: [{ configMap: { defaultMode: 420 } }],
        },
      },
    },
  );
  const epp = server.read(RESOURCES.service, 'default', 'vllm-llama3-8b-instruct-epp')?.['spec'];
  expect((epp as { clusterIP: string }).clusterIP).toMatch(/^34\.118\.\d+\.\d+$/);
});

test('namespaces come first, lists are opened, and what is refused is said', () => {
  const { server } = fixture();
  const inNamespace = { ...route('r'), metadata: { name: 'r', namespace: 'n' } };
  const failures = loadStack(
    server,
    [
      { apiVersion: 'v1', kind: 'List', items: [inNamespace] },
      null,
      { ...route('bad'), spec: { rules: [], wrong: 1 } },
      { apiVersion: 'keda.sh/v1alpha1', kind: 'ScaledObject', metadata: { name: 's' } },
      { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'n' } },
    ],
    KUBECTL,
  );
  expect(server.read(RESOURCES.httpRoute, 'n', 'r')).toBeDefined();
  expect(failures.map(({ kind, name, namespace, status }) => ({ kind, name, namespace, status }))).toEqual([
    { kind: 'HTTPRoute', name: 'bad', namespace: 'default', status: 400 },
    { kind: 'ScaledObject', name: 's', namespace: 'default', status: 404 },
  ]);
});
