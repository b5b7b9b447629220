/** A small API server and store behind the ports: JSON Patch, uid, resourceVersion, lost answers. No mock: it keeps state. */
import { applyPatch, type Operation } from 'rfc6902';
import type { Job } from '../../../../../functions/runtime/hands/hand.ts';
import type { JsonPatch, KubeObject, KubeStatus } from '../../../../../workflows/kubernetes.ts';
import type { Plan } from '../../../../../workflows/plans/plan.ts';
import type { KubeAnswer, NoAnswer, Ports } from '../../../../../workflows/ports.ts';
import type { Effect } from '../../../../../workflows/rollout/effects.ts';
import type { Freeze, Incident, RolloutDocument } from '../../../../../workflows/rollout/stored.ts';
import { aPlan } from '../../../../helpers/a-plan.ts';

export const ROLLOUT = 'llm-to-h200-7';
export interface Call {
  readonly verb: 'get' | 'list' | 'patch' | 'dryRun' | 'load' | 'scrape';
  readonly kind: string;
  readonly name: string;
}

/** What a call is answered instead; `applied` does it first and then loses the answer. */
export type Fault = 'applied' | 'lost' | number | 'invalid';

export class FakeCluster {
  readonly objects = new Map<string, KubeObject>();
  readonly calls: Call[] = [];
  /** Accepted writes: name, and who. */
  readonly writes: { readonly name: string; readonly patch: JsonPatch }[] = [];
  readonly logged: string[] = [];
  fence = 5;
  /** The process's own clock. */
  processMs: () => number = () => 0;
  /** No heartbeat is accepted. */
  isMonitoringSilent = false;
  /** The effect has left the outbox. */
  isDone = false;
  nowMs = 1_000_000;
  incidents: readonly Incident[] = [];
  open: readonly Incident[] | null = [];
  freeze: Freeze | null = null;
  /** Pods that give no HTTP answer. */
  readonly silentPods = new Set<string>();
  /** Asked before each call; may change the world, or return a fault. */
  before: (call: Call, count: number) => Fault | undefined = () => undefined;
  private version = 100;

  put(object: KubeObject): void {
    this.version += 1;
    const metadata = { ...object.metadata, resourceVersion: `${this.version}` };
    this.objects.set(keyOf(object.kind, object.metadata.name), { ...object, metadata });
  }

  get(kind: string, name: string): KubeObject {
    const found = this.objects.get(keyOf(kind, name));
    if (found === undefined) throw new Error(`no ${kind} ${name}`);
    return found;
  }

  remove(kind: string, name: string): void {
    this.objects.delete(keyOf(kind, name));
  }

  /** Status writes of a controller: resourceVersion moves, generation stays. */
  touch(kind: string, name: string): void {
    this.put(this.get(kind, name));
  }

  /** Somebody else's edit: spec changes, generation moves. */
  edit(
    name: string,
    change: (copy: KubeObject & { spec: { rules: { backendRefs: unknown[] }[] } }) => void,
  ): void {
    const copy = structuredClone(this.get('HTTPRoute', name)) as Parameters<typeof change>[0];
    change(copy);
    const generation = (copy.metadata.generation ?? 0) + 1;
    this.put({ ...copy, metadata: { ...copy.metadata, generation } });
  }

  /** The gateway takes note of all routes. */
  reconcile(): void {
    for (const object of this.objects.values()) if (object.kind === 'HTTPRoute') this.put(reconciled(object));
  }

  count(verb: Call['verb'], kind = 'HTTPRoute'): number {
    return this.calls.filter((call) => call.verb === verb && call.kind === kind).length;
  }

  ports(): Ports {
    const unused = () => Promise.reject(new Error('not used here'));
    return {
      kubernetes: {
        discover: unused,
        create: unused,
        delete: unused,
        get: async ({ resource, name }) =>
          this.answer({ verb: 'get', kind: resource.kind, name }, () => this.read(resource.kind, name)),
        list: async ({ resource, labelSelector }) =>
          this.answer({ verb: 'list', kind: resource.kind, name: labelSelector ?? '' }, () => ({
            kind: 'answer' as const,
            status: 200,
            object: { resourceVersion: '1', items: this.selected(resource.kind, labelSelector ?? '') },
          })),
        jsonPatch: async ({ resource, name, patch, dryRun }) =>
          this.answer({ verb: dryRun === true ? 'dryRun' : 'patch', kind: resource.kind, name }, () =>
            this.patch(resource.kind, name, patch, dryRun === true),
          ),
      },
      store: {
        load: async () => {
          this.calls.push({ verb: 'load', kind: '', name: '' });
          this.before({ verb: 'load', kind: '', name: '' }, this.calls.length);
          const outbox = this.isDone ? [] : [{ id: `${ROLLOUT}/9/0` }];
          const document = { fence: this.fence, outbox, lastNowMs: 0 } as unknown as RolloutDocument;
          return { document, readAtMs: this.nowMs };
        },
        registry: async () => ({ incidents: this.incidents, freeze: this.freeze }),
      } as unknown as Ports['store'],
      monitoring: {
        heartbeat: async () =>
          this.isMonitoringSilent ? { kind: 'noAnswer', why: 'silence' } : { kind: 'ok' },
        openIncidents: async () =>
          this.open === null ? { kind: 'noAnswer', why: 'down' } : { kind: 'ok', incidents: this.open },
      },
      models: {
        ask: unused,
        scrape: async ({ targets }) => {
          this.calls.push({ verb: 'scrape', kind: 'Pod', name: targets.map(({ pod }) => pod).join(',') });
          return targets.map(({ pod }) =>
            this.silentPods.has(pod)
              ? ({ kind: 'unanswered', why: 'silent' } as const)
              : ({ kind: 'answered', status: 200, samples: [] } as const),
          );
        },
      },
      gke: {} as Ports['gke'],
      bus: { publish: unused },
      time: { now: async () => this.processMs() } as unknown as Ports['time'],
      log: (severity, code) => this.logged.push(`${severity} ${code}`),
    };
  }

  private answer<T>(call: Call, act: () => KubeAnswer<T>): KubeAnswer<T> | NoAnswer {
    this.calls.push(call);
    const fault = this.before(call, this.calls.length);
    if (fault === undefined) return act();
    if (fault === 'applied') act();
    if (fault === 'applied' || fault === 'lost') return { kind: 'noAnswer', why: 'timed out' };
    return failed(fault);
  }

  private read(kind: string, name: string): KubeAnswer {
    const object = this.objects.get(keyOf(kind, name));
    return object === undefined ? failed(404) : { kind: 'answer', status: 200, object };
  }

  private selected(kind: string, selector: string): KubeObject[] {
    const wanted = selector.split(',').map((pair) => pair.split('='));
    return [...this.objects.values()].filter(
      (object) =>
        object.kind === kind && wanted.every(([key, value]) => object.metadata.labels?.[key ?? ''] === value),
    );
  }

  private patch(kind: string, name: string, patch: JsonPatch, dryRun: boolean): KubeAnswer {
    const object = this.objects.get(keyOf(kind, name));
    if (object === undefined) return failed(404);
    const copy = structuredClone(object);
    for (const op of patch) {
      const absent = op.op === 'test' && op.value === null;
      if (absent && copy.metadata.annotations === undefined) continue;
      if (absent || applyPatch(copy, [structuredClone(op) as Operation])[0] !== null) return failed(422);
    }
    if (dryRun) return { kind: 'answer', status: 200, object: copy };
    const same = JSON.stringify(copy) === JSON.stringify(object);
    const grown = JSON.stringify(copy['spec']) === JSON.stringify(object['spec']) ? 0 : 1;
    const generation = (object.metadata.generation ?? 0) + grown;
    if (!same) this.put({ ...copy, metadata: { ...copy.metadata, generation } });
    this.writes.push({ name, patch });
    return { kind: 'answer', status: 200, object: this.get(kind, name) };
  }
}

const keyOf = (kind: string, name: string): string => `${kind}/${name}`;

const failed = (fault: number | 'invalid'): KubeAnswer<never> => {
  const code = fault === 'invalid' ? 422 : fault;
  const details: KubeStatus['details'] = fault === 'invalid' ? { causes: [{ field: 'spec.rules' }] } : {};
  const failure: KubeStatus = {
    kind: 'Status',
    apiVersion: 'v1',
    status: 'Failure',
    reason: 'R',
    code,
    details,
  };
  return { kind: 'answer', status: code, failure };
};

const reconciled = (object: KubeObject): KubeObject => ({
  ...object,
  status: {
    parents: [
      {
        parentRef: { name: 'inference-gateway' },
        controllerName: 'networking.gke.io/gateway',
        conditions: ['Accepted', 'ResolvedRefs', 'Reconciled'].map((type) => ({
          type,
          status: 'True',
          observedGeneration: object.metadata.generation,
        })),
      },
    ],
  },
});

const pod = (name: string, labels: Readonly<Record<string, string>>, ready = true): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'serving', labels },
  status: { conditions: [{ type: 'Ready', status: ready ? 'True' : 'False' }] },
});

const pool = (name: string, weight: number) => ({
  group: 'inference.networking.k8s.io',
  kind: 'InferencePool',
  name,
  weight,
});

export const ROUTES = ['routes-to-llm', 'second-route'] as const;

const route = (name: string): KubeObject => ({
  apiVersion: 'gateway.networking.k8s.io/v1',
  kind: 'HTTPRoute',
  metadata: { name, namespace: 'serving', uid: `uid-${name}`, generation: 1 },
  spec: { rules: [{ backendRefs: [pool('llm', 1)] }] },
});

/** Two routes to `llm`, four ready pods and a picker on each side, a healthy gateway. */
export const freshCluster = (): FakeCluster => {
  const cluster = new FakeCluster();
  for (const side of ['llm', 'llm-new']) {
    for (const index of [0, 1, 2, 3]) cluster.put(pod(`${side}-${index}`, { app: side }));
    cluster.put(pod(`${side}-epp`, { app: `${side}-epp` }));
  }
  for (const name of ROUTES) cluster.put(route(name));
  cluster.put({
    apiVersion: 'gateway.networking.k8s.io/v1',
    kind: 'Gateway',
    metadata: { name: 'inference-gateway', namespace: 'serving', generation: 1 },
    status: { conditions: ['Accepted', 'Programmed'].map((type) => ({ type, status: 'True' })) },
  });
  cluster.put({
    apiVersion: 'llm-d.ai/v1alpha2',
    kind: 'InferenceObjective',
    metadata: { name: 'chat', namespace: 'serving', uid: 'uid-chat' },
    spec: { priority: -1, poolRef: { group: 'inference.networking.k8s.io', name: 'llm' } },
  });
  cluster.reconcile();
  return cluster;
};

/** Some pods of a side are no longer ready. */
export const unready = (
  cluster: FakeCluster,
  side: 'llm' | 'llm-new',
  names: readonly (number | 'epp')[],
): void => {
  for (const name of names) {
    const found = cluster.get('Pod', `${side}-${name}`);
    cluster.put({ ...found, status: { conditions: [{ type: 'Ready', status: 'False' }] } });
  }
};

const side = (name: string): Plan['old'] => ({
  pool: name,
  poolUid: `uid-${name}`,
  selector: { app: name },
  port: 8000,
  picker: { service: `${name}-epp`, selector: { app: `${name}-epp` }, metricsPort: null },
  replicas: 4,
});

export const PLAN: Plan = aPlan({
  old: side('llm'),
  new: side('llm-new'),
  routes: ROUTES.map((name) => ({
    namespace: 'serving',
    name,
    uid: `uid-${name}`,
    gateways: [{ namespace: 'serving', name: 'inference-gateway' }],
    rules: [{ index: 0, originals: [pool('llm', 1)], newRefWasThere: false }],
  })),
  objectives: {
    mode: 'flip',
    objects: [
      {
        identity: {
          group: 'llm-d.ai',
          version: 'v1alpha2',
          plural: 'inferenceobjectives',
          kind: 'InferenceObjective',
          namespace: 'serving',
          name: 'chat',
          uid: 'uid-chat',
        },
        priority: -1,
        poolRefName: 'llm',
      },
    ],
  },
});

export const jobOf = <E extends Effect>(effect: E, change: Partial<Omit<Job, 'effect'>> = {}): Job<E> => ({
  rolloutId: ROLLOUT,
  effect,
  effectId: `${ROLLOUT}/9/0`,
  fence: 5,
  sinceMs: 1_000_000,
  nowMs: 1_000_000,
  spec: {} as Job['spec'],
  plan: PLAN,
  manifests: [],
  created: [],
  nodePool: null,
  sharePercent: 0,
  trafficSinceMs: null,
  ...change,
});

/** Weights of old and new of each route's first rule; null where a ref is missing. */
export const weightsOf = (cluster: FakeCluster): readonly (readonly (number | null)[])[] =>
  ROUTES.filter((name) => cluster.objects.has(keyOf('HTTPRoute', name))).map((name) => {
    const { rules } = cluster.get('HTTPRoute', name)['spec'] as {
      rules: { backendRefs: { name: string; weight: number }[] }[];
    };
    const of = (wanted: string) => rules[0]?.backendRefs.find((ref) => ref.name === wanted)?.weight ?? null;
    return [of('llm'), of('llm-new')];
  });

export const fencesOf = (cluster: FakeCluster): readonly (string | undefined)[] =>
  ROUTES.map((name) => cluster.get('HTTPRoute', name).metadata.annotations?.['sluice.dev/fence']);

/** A cluster that stands confirmed at a share, by the decision before. */
export const clusterAt = (sharePercent: number): FakeCluster => {
  const cluster = freshCluster();
  for (const name of ROUTES)
    cluster.edit(name, (copy) => {
      const weights = sharePercent === 0 ? [1, 0] : [100 - sharePercent, sharePercent];
      const refs = [pool('llm', weights[0] ?? 0), pool('llm-new', weights[1] ?? 0)];
      const [rule] = copy.spec.rules;
      if (rule !== undefined) rule.backendRefs = refs;
      (copy as { metadata: KubeObject['metadata'] }).metadata = {
        ...copy.metadata,
        annotations: { 'sluice.dev/fence': `${ROLLOUT}/4` },
      };
    });
  cluster.reconcile();
  return cluster;
};
