/** The rollouts whose whole state spaces are walked: between them they want every state and transition of the machine. */
import type { ObjectIdentity } from '../../workflows/kubernetes.ts';
import type { ObjectPlan, Plan } from '../../workflows/plans/plan.ts';
import { aPlan } from '../helpers/a-plan.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

const base = aPlan();

/** One pod is the whole new side. */
const fresh: Plan['new'] = { ...base.new, replicas: 1 };

const [firstRung, , lastRung] = base.ladder;
if (firstRung === undefined || lastRung === undefined) throw new Error('the plan has three rungs');

/** One rung below 100: each further one only repeats its states. */
const ladder = (bakeMs: number, approval: boolean, lastBakeMs = bakeMs): Plan['ladder'] => [
  { ...firstRung, sharePercent: 25, realSharePercent: 25, bakeMs, approval },
  { ...lastRung, bakeMs: lastBakeMs },
];

const identity: ObjectIdentity = {
  group: 'apps',
  version: 'v1',
  plural: 'deployments',
  kind: 'Deployment',
  namespace: 'serving',
  name: 'llm',
  uid: 'uid-deployment',
};

const objectivePlan = {
  identity: {
    ...identity,
    group: 'inference.networking.x-k8s.io',
    version: 'v1alpha2',
    plural: 'inferenceobjectives',
    kind: 'InferenceObjective',
    name: 'chat',
    uid: 'uid-objective',
  },
  priority: 1,
  poolRefName: 'llm',
};

const workload: ObjectPlan = {
  stage: 'workload',
  plural: 'deployments',
  group: 'apps',
  version: 'v1',
  namespace: 'serving',
  object: { apiVersion: 'apps/v1', kind: 'Deployment', metadata: { name: 'llm-new', namespace: 'serving' } },
};

/** Few requests suffice to judge; two looks are enough for every tripwire that is in force. */
const gates: Plan['gates'] = {
  tripwires: ['ready', 'split'],
  errors: { ratioMax: 0.01, samplesMin: 50 },
  ttft: null,
};

export interface Walked {
  readonly plan: Plan;
  /** `start --queue`. */
  readonly queue: boolean;
  /** `start --plan`: null where any plan will do. */
  readonly expectedPlanHash: string | null;
  /** What each created stage leaves to be deleted after a failure. */
  readonly identities: readonly ObjectIdentity[];
}

export const PLAN_HASH = 'a'.repeat(64);

export const WALKED: Readonly<Record<string, Walked>> = {
  /** Buys a node pool, makes a workload, asks for an approval, flips objectives, deletes the old side. */
  everythingNew: {
    plan: aPlan({
      gates,
      new: fresh,
      nodePool: {
        nodePool: { name: 'h200', initialNodeCount: 1, locations: [], config: { machineType: 'a3' } },
        capacity: { kind: 'onDemand', deadlineMs: HOUR_MS },
        keepAfterFailureMs: HOUR_MS,
      },
      create: [workload],
      delete: [identity],
      ladder: ladder(10 * MINUTE_MS, true),
      pacing: { ...base.pacing, extendFactor: 2 },
      objectives: { mode: 'flip', objects: [objectivePlan] },
    }),
    queue: false,
    expectedPlanHash: null,
    identities: [{ ...identity, name: 'llm-new', uid: 'uid-new' }],
  },
  /** Only moves traffic, within windows that are shorter than its bake; insists on the plan that was shown. */
  withinWindows: {
    plan: aPlan({
      gates,
      new: fresh,
      ladder: ladder(12 * HOUR_MS, false),
      pacing: { ...base.pacing, extendFactor: 2 },
      windows: [{ days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 9 * 60, toMinute: 17 * 60, timeZone: 'UTC' }],
    }),
    queue: true,
    expectedPlanHash: PLAN_HASH,
    identities: [],
  },
  /** Soaks and retains for longer than the way to 100 % may take; hands objectives over at the end. */
  longLife: {
    plan: aPlan({
      gates,
      new: fresh,
      delete: [identity],
      ladder: ladder(10 * MINUTE_MS, false, 96 * HOUR_MS),
      pacing: { ...base.pacing, extendFactor: 2 },
      objectives: { mode: 'leave', objects: [objectivePlan] },
      retention: { oldMs: 7 * 24 * HOUR_MS, retire: 'delete' },
    }),
    queue: false,
    expectedPlanHash: null,
    identities: [],
  },
  /** A new version of an adapter, loaded before and unloaded after it has gone back; the old one goes when it is retired. */
  newVersion: {
    plan: aPlan({
      type: 'adapter',
      gates: { ...gates, tripwires: [] },
      new: fresh,
      adapter: {
        alias: 'review',
        from: 'review-1',
        to: 'review-2',
        source: 'acme/review-2',
        pools: [fresh],
        syncers: [
          {
            namespace: 'serving',
            name: 'llm-adapters',
            uid: 'uid-syncer',
            key: 'configmap.yaml',
            newWasThere: false,
          },
        ],
        confirmedBy: 'settle',
        unloadsOld: true,
      },
      ladder: ladder(10 * MINUTE_MS, false),
      pacing: { ...base.pacing, extendFactor: 2 },
    }),
    queue: false,
    expectedPlanHash: null,
    identities: [],
  },
};
