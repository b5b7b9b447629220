/** The published serving stack, a second pool made from it by renaming, and a rollout file between the two. */
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseAllDocuments } from 'yaml';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import { CLUSTER } from './a-plan.ts';

/** All objects of the YAML files in a folder. */
export const readStack = (folder: string): KubeObject[] =>
  readdirSync(folder)
    .filter((name) => name.endsWith('.yaml'))
    .sort()
    .flatMap((name) => parseAllDocuments(readFileSync(join(folder, name), 'utf8')))
    .map((document) => document.toJS() as KubeObject | null)
    .filter((object): object is KubeObject => object !== null);

const POOL = 'vllm-llama3-8b-instruct';
const NEW_KINDS = new Set(['InferencePool', 'Service', 'ServiceAccount', 'Deployment', 'RoleBinding']);

/** Pool, picker and model servers under another name; what is shared stays shared. */
export const secondPool = (stack: readonly KubeObject[], namespace = 'default'): KubeObject[] => {
  const newPool = `${POOL}-2`;
  return stack
    .filter((object) => NEW_KINDS.has(object.kind))
    .map((object) => JSON.stringify(object).replaceAll(`"${POOL}"`, `"${newPool}"`))
    .map((text) =>
      text
        .replaceAll(`"${POOL}-epp"`, `"${newPool}-epp"`)
        .replaceAll('"pod-read-binding"', '"pod-read-binding-2"')
        .replaceAll('"namespace":"default"', `"namespace":"${namespace}"`),
    )
    .map((text) => JSON.parse(text) as KubeObject)
    .map((object) => ({ ...object, metadata: { ...object.metadata, namespace } }));
};

export const rolloutFile = (
  changes: {
    readonly name?: string;
    readonly namespace?: string;
    readonly to?: string;
    readonly ladder?: string;
  } = {},
): string => `
apiVersion: sluice.dev/v1
kind: Rollout
metadata: { name: ${changes.name ?? 'llm-second'} }
spec:
  type: node
  cluster: ${CLUSTER}
  namespace: ${changes.namespace ?? 'default'}
  from: { pool: ${POOL} }
  to: { pool: ${POOL}-2, source: { manifests: [new.yaml] }${changes.to ?? ''} }
${
  changes.ladder ??
  `  acknowledge: [floating-model]
  ladder:
    - { share: 5, bake: 10m }
    - { share: 25, bake: 10m }
    - { share: 100, bake: 10m }
  pacing: { warmUp: 2m }
  retention: { old: 10m, retire: keep }
  rollback: { after: { newPods: 10m } }`
}
`;
