import {
  createKubeServer,
  type WorldKubeServer,
} from '../../../../simulator/world/kubernetes/kube-server.ts';
import type { KubeReply, KubeRequest, WriteRecord } from '../../../../simulator/world/kubernetes/types.ts';
import {
  type KubeObject,
  type KubeResource,
  type KubeStatus,
  RESOURCES,
} from '../../../../workflows/kubernetes.ts';

export const START_MS = Date.UTC(2026, 10, 22, 17, 9, 0);
export const SLUICE = { user: 'sluice', manager: 'sluice' } as const;

/** A server whose clock the test owns, and everything that was written to it. */
export interface Fixture {
  readonly server: WorldKubeServer;
  readonly writes: WriteRecord[];
  nowMs: number;
}

export function fixture(): Fixture {
  const state = { nowMs: START_MS, uids: 0 };
  const server = createKubeServer({ clock: () => state.nowMs, uid: () => `uid-${++state.uids}` });
  const writes: WriteRecord[] = [];
  server.onWrite((record) => writes.push(record));
  return {
    server,
    writes,
    get nowMs() {
      return state.nowMs;
    },
    set nowMs(value) {
      state.nowMs = value;
    },
  };
}

/** An HTTPRoute that splits between two pools. */
export const route = (name: string, weights: readonly [number, number] = [100, 0]): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name, namespace: 'default' },
  spec: {
    parentRefs: [{ name: 'gw' }],
    rules: [
      {
        backendRefs: ['old', 'new'].map((pool, at) => ({
          group: 'inference.networking.k8s.io',
          kind: 'InferencePool',
          name: pool,
          weight: weights[at] ?? 0,
        })),
      },
    ],
  },
});

export const pod = (
  name: string,
  labels: Readonly<Record<string, string>> = {},
  namespace = 'default',
): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace, labels },
  spec: { containers: [{ name: 'main', image: 'vllm:1' }] },
  status: { phase: 'Running' },
});

/** The object of a reply that must be one. @throws Error when it is a refusal. */
export function objectOf(reply: KubeReply): KubeObject {
  if ('failure' in reply) throw new Error(`refused: ${JSON.stringify(reply.failure)}`);
  return reply.object as KubeObject;
}

/** What a refusal says, without its wording. */
export function refusalOf(reply: KubeReply): {
  readonly status: number;
  readonly reason: string | undefined;
  readonly fields: readonly (string | undefined)[];
} {
  const failure: KubeStatus | null = 'failure' in reply ? reply.failure : null;
  return {
    status: reply.status,
    reason: failure?.reason,
    fields: (failure?.details?.causes ?? []).map((cause) => cause.field),
  };
}

export const create = (
  resource: KubeResource,
  object: unknown,
  more: Partial<KubeRequest> = {},
): KubeRequest => ({ verb: 'create', resource, namespace: 'default', object, ...more }) as KubeRequest;

/** A JSON Patch of a route. */
export const jsonPatch = (name: string, patch: unknown, more: Partial<KubeRequest> = {}): KubeRequest =>
  ({
    verb: 'patch',
    resource: RESOURCES.httpRoute,
    namespace: 'default',
    name,
    type: 'json',
    patch,
    ...more,
  }) as KubeRequest;

export const weightPatch = (weight: number) => [
  { op: 'replace', path: '/spec/rules/0/backendRefs/0/weight', value: weight },
];

export const names = (objects: readonly KubeObject[]): readonly string[] =>
  objects.map((object) => object.metadata.name);
