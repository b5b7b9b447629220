/** Two pools whose pods serve `food-review-1`, each with a syncer's ConfigMap; traffic by rewrites of `food-review`. */
import type { KubeObject } from '../../../../../workflows/kubernetes.ts';
import type { AdapterPlan, Plan, SidePlan } from '../../../../../workflows/plans/plan.ts';
import type { AskResult, Ports } from '../../../../../workflows/ports.ts';
import { annotationOf } from '../../../../../workflows/steps/carrier.ts';
import { BEFORE_ANNOTATION } from '../../../../../workflows/steps/route-fence.ts';
import { aPlan } from '../../../../helpers/a-plan.ts';
import { answered, logprobsBy } from './build-fakes.ts';
import { FakeCluster } from './fake-cluster.ts';

export const ALIAS = 'food-review';
export const FROM = 'food-review-1';
export const TO = 'food-review-2';
export const SOURCE = 'gs://lora/food-review-2';

const pool = (name: string): SidePlan => ({
  pool: name,
  poolUid: `uid-${name}`,
  selector: { app: name },
  port: 8000,
  picker: null,
  replicas: 2,
});

export const POOLS = ['llm', 'llm-eu'] as const;

const syncer = (name: string): AdapterPlan['syncers'][number] => ({
  namespace: 'serving',
  name: `${name}-adapters`,
  uid: `uid-${name}-adapters`,
  key: 'configmap.yaml',
  newWasThere: false,
});

export const ADAPTER: AdapterPlan = {
  alias: ALIAS,
  from: FROM,
  to: TO,
  source: SOURCE,
  pools: POOLS.map(pool),
  syncers: POOLS.map(syncer),
  confirmedBy: 'settle',
  unloadsOld: false,
};

export const adapterPlan = (
  adapter: Partial<AdapterPlan> = {},
  change: Partial<Plan> = {},
): Plan & { readonly adapter: AdapterPlan } => {
  const merged: AdapterPlan = { ...ADAPTER, ...adapter };
  const [first] = merged.pools;
  const side = first ?? pool('llm');
  const plan = aPlan({ type: 'adapter', old: side, new: side, routes: [], ...change });
  const verify: Plan['verify'] = {
    ...plan.verify,
    effect: { mode: 'required', base: 'llama', prompts: {} },
    ...change.verify,
  };
  return { ...plan, verify, adapter: merged };
};

export const CONFIG = `vLLMLoRAConfig:
  # one list for all pods
  ensureExist:
    models:
    - id: food-review-1
      source: gs://lora/food-review-1
`;

export const ASKED = `${CONFIG}    - id: food-review-2\n      source: gs://lora/food-review-2\n`;

const pod = (name: string, app: string): KubeObject => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: { name, namespace: 'serving', labels: { app } },
  status: { conditions: [{ type: 'Ready', status: 'True' }] },
});

export const rewrite = (name: string, alias: string, targets: readonly string[]): KubeObject => ({
  apiVersion: 'inference.networking.x-k8s.io/v1alpha2',
  kind: 'InferenceModelRewrite',
  metadata: { name, namespace: 'serving', uid: `uid-${name}` },
  spec: {
    poolRef: { name: 'llm' },
    rules: [
      {
        matches: [{ model: { type: 'Exact', value: alias } }],
        targets: targets.map((modelRewrite) => ({ modelRewrite, weight: 1 })),
      },
    ],
  },
});

/** The same rewrite, under a rollout of another alias or our own that would restore these targets. */
export const underRollout = (object: KubeObject, alias: string, before: readonly string[]): KubeObject => ({
  ...object,
  metadata: {
    ...object.metadata,
    annotations: { [annotationOf(BEFORE_ANNOTATION, alias)]: JSON.stringify(before) },
  },
});

export class AdapterCluster extends FakeCluster {
  /** What each pod serves beside `llama`. */
  readonly loaded = new Map<string, Set<string>>();
  /** Names that answer like the base model, by pod. */
  readonly mute = new Map<string, Set<string>>();
  /** Names that answer like another one. */
  readonly alike = new Map<string, string>();
  /** Pods that give no answer to questions. */
  readonly deaf = new Set<string>();
  readonly asked: string[] = [];
  readonly deleted: string[] = [];

  config(name: (typeof POOLS)[number] = 'llm'): string {
    return (
      (this.get('ConfigMap', `${name}-adapters`)['data'] as Record<string, string>)['configmap.yaml'] ?? ''
    );
  }

  write(text: string, name: (typeof POOLS)[number] = 'llm'): void {
    this.put({
      ...this.get('ConfigMap', `${name}-adapters`),
      data: { other: 'kept', 'configmap.yaml': text },
    });
  }

  /** The sidecars follow: every pod serves what its text asks for. */
  sync(): void {
    for (const served of this.loaded.values()) {
      if (this.config().includes(`- id: ${TO}`)) served.add(TO);
      if (this.config().includes('ensureNotExist')) served.delete(TO);
    }
  }

  override ports(): Ports {
    const ports = super.ports();
    return {
      ...ports,
      kubernetes: {
        ...ports.kubernetes,
        discover: async () => ({
          kind: 'answer',
          status: 200,
          object: { 'inference.networking.x-k8s.io/v1alpha2': ['inferencemodelrewrites', 'inferencemodels'] },
        }),
        list: async (call) =>
          call.labelSelector === undefined
            ? {
                kind: 'answer',
                status: 200,
                object: {
                  resourceVersion: '1',
                  items: [...this.objects.values()].filter(({ kind }) => kind === call.resource.kind),
                },
              }
            : ports.kubernetes.list(call),
        delete: async ({ resource, name }) => {
          this.deleted.push(name);
          this.remove(resource.kind, name);
          return { kind: 'answer', status: 200, object: {} as KubeObject };
        },
      },
      models: {
        ...ports.models,
        ask: async ({ target, path, body }) => {
          this.asked.push(`${target.pod} ${path}${body === undefined ? '' : ` ${String(body['model'])}`}`);
          return this.deaf.has(target.pod)
            ? { kind: 'unanswered', why: 'silence' }
            : this.say(target.pod, path, body);
        },
      },
      time: {
        now: async () => this.processMs() + this.waitedMs,
        wait: async ({ ms }: { ms: number }) => {
          this.waitedMs += ms;
          return this.waitedMs;
        },
      } as unknown as Ports['time'],
    };
  }

  private waitedMs = 0;

  private say(name: string, path: string, body: Readonly<Record<string, unknown>> | undefined): AskResult {
    const served = this.loaded.get(name) ?? new Set();
    if (path === '/health') return answered('');
    if (path === '/v1/models')
      return answered({
        data: [
          { id: 'llama', parent: null, max_model_len: 8192 },
          ...[...served].map((id) => ({ id, parent: 'llama', max_model_len: null })),
        ],
      });
    const model = String(body?.['model']);
    if (model !== 'llama' && !served.has(model))
      return answered({ error: { message: 'no' } }, { status: 404 });
    const choice = { text: 'x', finish_reason: 'length' };
    if (body?.['stream'] === true)
      return answered(`data: ${JSON.stringify({ choices: [choice] })}\ndata: [DONE]`);
    const voice = this.mute.get(name)?.has(model) === true ? 'llama' : (this.alike.get(model) ?? model);
    const voices = ['llama', FROM, TO];
    return answered({ choices: [{ ...choice, ...logprobsBy('x'.repeat(voices.indexOf(voice))) }] });
  }
}

/** Four pods that serve the old version, and the texts that ask for it. */
export const anAdapterCluster = (): AdapterCluster => {
  const cluster = new AdapterCluster();
  for (const name of POOLS) {
    for (const index of [0, 1]) {
      cluster.put(pod(`${name}-${index}`, name));
      cluster.loaded.set(`${name}-${index}`, new Set([FROM]));
    }
    cluster.put({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: `${name}-adapters`, namespace: 'serving', uid: `uid-${name}-adapters` },
      data: { other: 'kept', 'configmap.yaml': CONFIG },
    });
  }
  return cluster;
};
