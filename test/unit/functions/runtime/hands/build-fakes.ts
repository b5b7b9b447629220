import type { Job } from '../../../../../functions/runtime/hands/hand.ts';
import type { KubeObject, KubeResource, KubeStatus } from '../../../../../workflows/kubernetes.ts';
import type { Plan } from '../../../../../workflows/plans/plan.ts';
import { planRollout } from '../../../../../workflows/plans/plan-rollout.ts';
import type {
  AskResult,
  GkeAnswer,
  GkeOperation,
  KubeAnswer,
  KubernetesPort,
  ModelServersPort,
  NoAnswer,
  NodePool,
  Ports,
  RolloutSummary,
} from '../../../../../workflows/ports.ts';
import type { Effect } from '../../../../../workflows/rollout/effects.ts';
import type { Manifests, RolloutSpec } from '../../../../../workflows/spec/rollout-spec.ts';
import { aCluster, aSpec } from '../../../plans/a-cluster.ts';

export const ID = 'llm-to-new-7';

const unused = (what: string) => (): never => {
  throw new Error(`not expected: ${what}`);
};

const failure = (code: number, reason: string, message = reason): KubeAnswer<never> => {
  const status: KubeStatus = { kind: 'Status', apiVersion: 'v1', status: 'Failure', code, reason, message };
  return { kind: 'answer', status: code, failure: status };
};

type Answer = KubeAnswer | NoAnswer;

export interface FakeKubernetes extends KubernetesPort {
  readonly objects: KubeObject[];
  /** `verb plural namespace/name`, dry runs marked. */
  readonly calls: string[];
  /** Called before a request is carried out; an answer instead of the server's, `afterwards` when it was carried out all the same. */
  interfere: (call: string) => { readonly answer: Answer; readonly afterwards?: boolean } | null;
}

export const lost: NoAnswer = { kind: 'noAnswer', why: 'time-out' };

/** A small API server: enough of it for hands that build and remove. */
export const fakeKubernetes = (
  objects: readonly KubeObject[],
  served: Readonly<Record<string, readonly string[]>> = aCluster().served,
): FakeKubernetes => {
  let nextUid = 1;
  const stored = [...objects];
  const calls: string[] = [];
  const find = (resource: KubeResource, namespace: string | null, name: string): KubeObject | undefined =>
    stored.find(
      (one) =>
        one.kind === resource.kind &&
        (one.metadata.namespace ?? null) === namespace &&
        one.metadata.name === name,
    );
  const through = async (call: string, act: () => Answer): Promise<Answer> => {
    calls.push(call);
    const meddled = fake.interfere(call);
    if (meddled === null) return act();
    if (meddled.afterwards === true) act();
    return meddled.answer;
  };
  const fake: FakeKubernetes = {
    objects: stored,
    calls,
    interfere: () => null,
    discover: async () => ({ kind: 'answer', status: 200, object: served }),
    get: ({ resource, namespace, name }) =>
      through(`get ${resource.plural} ${namespace ?? ''}/${name}`, () => {
        const object = find(resource, namespace, name);
        return object === undefined ? failure(404, 'NotFound') : { kind: 'answer', status: 200, object };
      }),
    list: async ({ resource, namespace, labelSelector }) => {
      const call = `list ${resource.plural} ${namespace ?? '*'}`;
      calls.push(call);
      const meddled = fake.interfere(call);
      if (meddled !== null) return meddled.answer as KubeAnswer<never> | NoAnswer;
      const wanted = (labelSelector ?? '')
        .split(',')
        .filter((pair) => pair !== '')
        .map((pair) => pair.split('='));
      const items = stored.filter(
        (one) =>
          one.kind === resource.kind &&
          (namespace === null || one.metadata.namespace === namespace) &&
          wanted.every(([key, value]) => one.metadata.labels?.[key ?? ''] === value),
      );
      return { kind: 'answer', status: 200, object: { resourceVersion: '1', items } };
    },
    create: ({ resource, namespace, object, dryRun }) =>
      through(
        `${dryRun === true ? 'try ' : ''}create ${resource.plural} ${namespace ?? ''}/${object.metadata.name}`,
        () => {
          if (resource.plural === 'selfsubjectaccessreviews')
            return { kind: 'answer', status: 201, object: { ...object, status: { allowed: true } } };
          if (find(resource, namespace, object.metadata.name) !== undefined)
            return failure(409, 'AlreadyExists');
          const made: KubeObject = { ...object, metadata: { ...object.metadata, uid: `made-${nextUid}` } };
          if (dryRun === true) return { kind: 'answer', status: 201, object: made };
          nextUid += 1;
          stored.push(made);
          return { kind: 'answer', status: 201, object: made };
        },
      ),
    jsonPatch: ({ resource, namespace, name, dryRun }) =>
      through(`${dryRun === true ? 'try ' : ''}patch ${resource.plural} ${namespace ?? ''}/${name}`, () => {
        const object = find(resource, namespace, name);
        return object === undefined ? failure(404, 'NotFound') : { kind: 'answer', status: 200, object };
      }),
    delete: ({ resource, namespace, name, uid }) =>
      through(`delete ${resource.plural} ${namespace ?? ''}/${name}`, () => {
        const object = find(resource, namespace, name);
        if (object === undefined) return failure(404, 'NotFound');
        if (object.metadata.uid !== uid) return failure(409, 'Conflict');
        stored.splice(stored.indexOf(object), 1);
        return { kind: 'answer', status: 200, object };
      }),
  };
  return fake;
};

export const refusal = failure;

export interface FakeGke {
  readonly pools: Map<string, NodePool>;
  readonly operations: GkeOperation[];
  readonly calls: string[];
  answerToCreate: GkeAnswer<GkeOperation> | null;
  /** The create call is carried out, its answer is lost. */
  loseAnswer: boolean;
}

const operationOf = (name: string, operationType: string): GkeOperation => ({
  name: `operation-${name}`,
  operationType,
  status: 'RUNNING',
  targetLink: `https://container.googleapis.com/v1/projects/acme/locations/us-central1/clusters/inference/nodePools/${name}`,
});

export const fakeGke = (): FakeGke & { readonly port: Ports['gke'] } => {
  const state: FakeGke = {
    pools: new Map(),
    operations: [],
    calls: [],
    answerToCreate: null,
    loseAnswer: false,
  };
  const missing = { kind: 'error', code: 'NOT_FOUND', message: 'not found' } as const;
  return Object.assign(state, {
    port: {
      getNodePool: async ({ nodePool }: { nodePool: string }) => {
        const value = state.pools.get(nodePool);
        return value === undefined ? missing : ({ kind: 'ok', value } as const);
      },
      listNodePools: async () => ({ kind: 'ok', value: [...state.pools.values()] }) as const,
      createNodePool: async ({ nodePool }: { nodePool: NodePool }) => {
        state.calls.push(`create ${nodePool.name}`);
        if (state.answerToCreate !== null) return state.answerToCreate;
        if (state.pools.has(nodePool.name))
          return { kind: 'error', code: 'ALREADY_EXISTS', message: 'exists' } as const;
        const operation = operationOf(nodePool.name, 'CREATE_NODE_POOL');
        state.pools.set(nodePool.name, { ...nodePool, status: 'PROVISIONING' });
        state.operations.push(operation);
        return state.loseAnswer ? lost : ({ kind: 'ok', value: operation } as const);
      },
      deleteNodePool: async ({ nodePool }: { nodePool: string }) => {
        state.calls.push(`delete ${nodePool}`);
        const pool = state.pools.get(nodePool);
        if (pool === undefined) return missing;
        state.pools.set(nodePool, { ...pool, status: 'STOPPING' });
        return { kind: 'ok', value: operationOf(nodePool, 'DELETE_NODE_POOL') } as const;
      },
      getOperation: unused('getOperation'),
      listOperations: async () => ({ kind: 'ok', value: state.operations }) as const,
    } satisfies Ports['gke'],
  });
};

/** One pod's answers; `elapsedMs` and bodies as the test wants them. */
export type PodAnswers = (ask: {
  readonly pod: string;
  readonly path: string;
  readonly body: Readonly<Record<string, unknown>> | undefined;
}) => AskResult;

export const answered = (
  body: unknown,
  more: { readonly status?: number; readonly elapsedMs?: number } = {},
): AskResult => ({
  kind: 'answered',
  status: more.status ?? 200,
  body: typeof body === 'string' ? body : JSON.stringify(body),
  elapsedMs: more.elapsedMs ?? 50,
});

/** Each model gives the tokens of a text other log probabilities. */
export const logprobsBy = (model: string) => {
  const logprob = -1 - (model.length % 7) / 2;
  return {
    logprobs: { token_logprobs: [logprob] },
    prompt_logprobs: [null, { '314': { logprob, rank: 1, decoded_token: ' x' } }],
  };
};

export const healthyPod: PodAnswers = ({ path, body }) => {
  if (path === '/health') return answered('');
  if (path === '/v1/models')
    return answered({
      data: [
        { id: 'llama', parent: null, max_model_len: 8192 },
        { id: 'food-review-1', parent: 'llama', max_model_len: null },
      ],
    });
  const choice = { text: 'x', finish_reason: 'length', logprobs: null };
  if (body?.['stream'] === true)
    return answered(`data: ${JSON.stringify({ choices: [choice] })}\ndata: [DONE]`);
  if (body?.['logprobs'] !== undefined)
    return answered({ choices: [{ ...choice, ...logprobsBy(String(body['model'])) }] });
  return answered({ choices: [choice] });
};

export interface FakeModels extends ModelServersPort {
  readonly asked: string[];
  /** The most requests at once on one pod. */
  readonly most: { inFlight: number };
  running: number | null;
}

/** @param clock advanced by what each request takes. */
export const fakeModels = (answers: PodAnswers, clock: FakeClock): FakeModels => {
  const inFlight = new Map<string, number>();
  const fake: FakeModels = {
    asked: [],
    most: { inFlight: 0 },
    running: 0,
    scrape: async ({ targets }) =>
      targets.map(() =>
        fake.running === null
          ? { kind: 'unanswered', why: 'refused' }
          : {
              kind: 'answered',
              status: 200,
              samples: [
                { name: 'vllm:num_requests_running', labels: {}, value: fake.running },
                { name: 'vllm:num_requests_waiting', labels: {}, value: 0 },
              ],
            },
      ),
    ask: async ({ target, path, body }) => {
      const count = (inFlight.get(target.pod) ?? 0) + 1;
      inFlight.set(target.pod, count);
      fake.most.inFlight = Math.max(fake.most.inFlight, count);
      const kind =
        body === undefined
          ? ''
          : ` ${String(body['model'])}${body['stream'] === true ? ' stream' : ''}${body['logprobs'] === undefined ? '' : ' logprobs'}`;
      fake.asked.push(`${target.pod} ${path}${kind}`);
      const answer = answers({ pod: target.pod, path, body });
      await Promise.resolve();
      await Promise.resolve();
      if (answer.kind === 'answered') clock.nowMs += answer.elapsedMs;
      inFlight.set(target.pod, (inFlight.get(target.pod) ?? 1) - 1);
      return answer;
    },
  };
  return fake;
};

export interface FakeClock {
  nowMs: number;
}

export interface Fakes {
  readonly kubernetes?: KubernetesPort;
  readonly models?: ModelServersPort;
  readonly gke?: Ports['gke'];
  readonly clock?: FakeClock;
  readonly holders?: Readonly<Record<string, string>>;
  /** Unfinished rollouts of the same pool. */
  readonly queue?: readonly RolloutSummary[];
  readonly logged?: string[];
  /** Asked before each write: has the effect left the outbox? */
  readonly isDone?: () => boolean;
}

const EFFECT_ID = `${ID}/3/0`;

export const fakePorts = (fakes: Fakes): Ports => {
  const clock = fakes.clock ?? { nowMs: 0 };
  const store = {
    locks: async ({ keys }: { keys: readonly string[] }) => keys.map((key) => fakes.holders?.[key] ?? null),
    list: async () => fakes.queue ?? [],
    load: async () => ({
      document: { fence: 1, outbox: fakes.isDone?.() === true ? [] : [{ id: EFFECT_ID }], lastNowMs: 0 },
      readAtMs: clock.nowMs,
    }),
  };
  return {
    store: store as unknown as Ports['store'],
    kubernetes: fakes.kubernetes ?? fakeKubernetes([]),
    models: fakes.models ?? fakeModels(healthyPod, clock),
    gke: fakes.gke ?? fakeGke().port,
    monitoring: {
      openIncidents: async () => ({ kind: 'ok', incidents: [] }),
      heartbeat: unused('heartbeat'),
    },
    bus: { publish: unused('publish') },
    time: {
      now: async () => clock.nowMs,
      wait: async ({ ms }) => {
        clock.nowMs += ms;
        return clock.nowMs;
      },
      changes: unused('changes'),
    },
    log: (severity, code) => fakes.logged?.push(`${severity} ${code}`),
  };
};

export const planOf = (
  spec: RolloutSpec = aSpec(),
  manifests: Manifests = [],
  observed = aCluster(),
): Plan => {
  const result = planRollout(spec, manifests, observed);
  if (result.kind === 'refused') throw new Error(JSON.stringify(result.findings));
  return result.plan;
};

export const jobFor = <E extends Effect>(effect: E, more: Partial<Job<E>> = {}): Job<E> => ({
  rolloutId: ID,
  effect,
  effectId: EFFECT_ID,
  fence: 1,
  sinceMs: 1_000_000,
  nowMs: 1_000_000,
  spec: aSpec(),
  plan: planOf(),
  manifests: [],
  created: [],
  nodePool: null,
  sharePercent: 0,
  trafficSinceMs: null,
  ...more,
});
