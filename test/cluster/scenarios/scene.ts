/** One scenario's place: its namespace with the example stack, its users, and the words in which a test tells it. */
import { expect } from 'vitest';
import type { RolloutInput } from '../../../local/rollout-input.ts';
import type { KubeObject } from '../../../workflows/kubernetes.ts';
import type { PlanResult } from '../../../workflows/plans/plan.ts';
import type { HttpRoute } from '../control-plane/gateway-reading.ts';
import { until } from '../control-plane/until.ts';
import type { Pod } from '../network/pod-servers.ts';
import type { Setting } from './setting.ts';
import type { Answer } from './sluice-process.ts';
import { bundleFor, stackIn } from './stack-copy.ts';

export const POOL = 'vllm-llama3-8b-instruct';
const USERS_PER_SECOND = 150;
const READY_WITHIN_MS = 60_000;

export interface Scene {
  readonly namespace: string;
  readonly stack: readonly KubeObject[];
  readonly routePath: string;
  route(): Promise<HttpRoute>;
  /** Weights of the first rule, by pool. */
  weights(): Promise<Readonly<Record<string, number>>>;
  plan(rollout: RolloutInput): Promise<PlanResult>;
  /** Returns the rollout's id. */
  start(rollout: RolloutInput): Promise<string>;
  act(rolloutId: string, verb: string, body: object): Promise<Answer>;
  /** Names of the objects of a collection in the namespace, e.g. `apps/v1/deployments`. */
  names(collection: string): Promise<readonly string[]>;
}

const isReady = (pod: Pod): boolean =>
  pod.status?.conditions?.some(({ type, status }) => type === 'Ready' && status === 'True') ?? false;

const collectionPath = (collection: string, namespace: string): string => {
  const [version = '', plural] = collection.split(/\/(?=[^/]+$)/);
  return `${version === 'v1' ? '/api/v1' : `/apis/${version}`}/namespaces/${namespace}/${plural ?? ''}`;
};

const bodyOf = ({ text, fileName, manifests }: RolloutInput): object => ({ file: text, fileName, manifests });

let requests = 0;

/** Brings the stack up and lets users come. Rights of `sluice` are those of the bundles, no others. */
export const createScene = async (
  setting: Setting,
  namespace: string,
  bundles: readonly ('traffic-only.yaml' | 'full.yaml')[] = ['traffic-only.yaml', 'full.yaml'],
  more: readonly KubeObject[] = [],
): Promise<Scene> => {
  const { plane, fleet, gateway, sluice } = setting;
  const { api } = plane;
  const stack = stackIn(namespace);
  if (namespace !== 'default')
    await plane.apply([{ apiVersion: 'v1', kind: 'Namespace', metadata: { name: namespace } }]);
  await plane.apply([...stack, ...more, ...bundles.flatMap((file) => bundleFor(file, 'sluice', namespace))]);
  const routePath = `/apis/gateway.networking.k8s.io/v1/namespaces/${namespace}/httproutes/llm-route`;
  const items = async <T extends KubeObject>(collection: string): Promise<readonly T[]> =>
    (await api.json<{ items: readonly T[] }>({ path: collectionPath(collection, namespace) }))?.items ?? [];
  const wanted = [...stack, ...more]
    .filter(({ kind }) => kind === 'Deployment')
    .reduce((sum, { spec }) => sum + ((spec as { replicas?: number }).replicas ?? 1), 0);
  await until(`pods of ${namespace} to be ready`, READY_WITHIN_MS, async () => {
    const pods = await items<Pod>('v1/pods');
    return pods.length === wanted && pods.every(isReady);
  });
  await until('the route to be programmed', READY_WITHIN_MS, () =>
    gateway.programmed().some((route) => route.namespace === namespace),
  );
  // The picker's and gateway's view of the pods.
  await setting.clock.wait(5000);
  fleet.serve(namespace, USERS_PER_SECOND);
  const route = async (): Promise<HttpRoute> => {
    const found = await api.json<HttpRoute>({ path: routePath });
    if (found === null) throw new Error(`${routePath} is not there`);
    return found;
  };
  return {
    namespace,
    stack,
    routePath,
    route,
    async weights() {
      const refs = (await route()).spec.rules?.[0]?.backendRefs ?? [];
      return Object.fromEntries(refs.map(({ name, weight }) => [name, weight ?? 1]));
    },
    async plan(rollout) {
      const { status, body } = await sluice.post('/v1/plans', bodyOf(rollout));
      expect({ status, body }).toMatchObject({ status: 200 });
      return body as PlanResult;
    },
    async start(rollout) {
      requests += 1;
      const requestId = `start-${namespace}-${String(requests)}`;
      const { status, body } = await sluice.post('/v1/rollouts', { requestId, ...bodyOf(rollout) });
      expect({ status, body }).toMatchObject({ status: 201 });
      return (body as { readonly rolloutId: string }).rolloutId;
    },
    act(rolloutId, verb, body) {
      requests += 1;
      const requestId = `${verb}-${namespace}-${String(requests)}`;
      return sluice.post(`/v1/rollouts/${rolloutId}/${verb}`, { requestId, ...body });
    },
    names: async (collection) => (await items(collection)).map(({ metadata }) => metadata.name).toSorted(),
  };
};
