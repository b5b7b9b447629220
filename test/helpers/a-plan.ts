import type { Plan, SidePlan } from '../../workflows/plans/plan.ts';

export const CLUSTER = 'projects/acme/locations/us-central1/clusters/inference';

const side = (pool: string): SidePlan => ({
  pool,
  poolUid: `uid-${pool}`,
  selector: { app: pool },
  port: 8000,
  picker: { service: `${pool}-epp`, selector: { app: `${pool}-epp` }, metricsPort: 9090 },
  replicas: 3,
});

const MINUTE_MS = 60_000;

/** A small plan: two rungs below 100, bakes of 10 minutes, manifests with one workload. */
export const aPlan = (changes: Partial<Plan> = {}): Plan => ({
  planVersion: 1,
  type: 'node',
  cluster: CLUSTER,
  namespace: 'serving',
  old: side('llm'),
  new: side('llm-new'),
  source: 'manifests',
  routes: [
    {
      namespace: 'serving',
      name: 'routes-to-llm',
      uid: 'uid-route',
      gateways: [{ namespace: 'serving', name: 'inference-gateway' }],
      rules: [
        {
          index: 0,
          originals: [
            { group: 'inference.networking.k8s.io', kind: 'InferencePool', name: 'llm', weight: 1 },
          ],
          newRefWasThere: false,
        },
      ],
    },
  ],
  nodePool: null,
  create: [],
  delete: [],
  ladder: [
    { sharePercent: 5, realSharePercent: 5, bakeMs: 10 * MINUTE_MS, approval: false, judges: ['errors'] },
    { sharePercent: 25, realSharePercent: 25, bakeMs: 10 * MINUTE_MS, approval: false, judges: ['errors'] },
    { sharePercent: 100, realSharePercent: 100, bakeMs: 10 * MINUTE_MS, approval: false, judges: ['errors'] },
  ],
  pacing: { settleMs: MINUTE_MS, warmUpMs: 0, extendFactor: 3 },
  gates: {
    tripwires: ['errors.fast', 'unanswered', 'ready', 'queue'],
    errors: { ratioMax: 0.01, samplesMin: 200 },
    ttft: null,
  },
  verify: {
    servedNames: ['llama'],
    adapters: [],
    maxModelLenMin: null,
    warmUpRequests: 1,
    deadlineMs: 30 * MINUTE_MS,
  },
  objectives: { mode: 'leave', objects: [] },
  alerts: { project: 'acme', policies: ['projects/acme/alertPolicies/1'], holdWhileOpen: true },
  windows: [],
  approvals: { notByStarter: true },
  rollback: {
    floorPercent: 100,
    onHoldForMs: 8 * 60 * MINUTE_MS,
    afterNewPodsMs: 60 * MINUTE_MS,
    afterNodePoolMs: 24 * 60 * MINUTE_MS,
  },
  retention: { oldMs: 24 * 60 * MINUTE_MS, retire: 'keep' },
  drainMs: 5 * MINUTE_MS,
  deadlineMs: 72 * 60 * MINUTE_MS,
  locks: [
    `${CLUSTER}/serving/llm`,
    `${CLUSTER}/serving/llm-new`,
    `${CLUSTER}/serving/httproutes/routes-to-llm`,
  ],
  notInThisVersion: [],
  ...changes,
});
