/**
 * The plan: what preflight decided, frozen before anything is written. Decisions only: no
 * observations, no times of day, the rollout's id as the placeholder `{id}`; so two plans of an unchanged
 * cluster are equal, and so are their hashes.
 */
import type { KubeObject, KubeResource, ObjectIdentity } from '../kubernetes.ts';
import type { NodePool } from '../ports.ts';
import type { CapacitySpec, LatencyObjective, WindowSpec } from '../spec/rollout-spec.ts';

/** A backendRef exactly as the API server returned it. */
export interface BackendRef {
  readonly group?: string;
  readonly kind?: string;
  readonly name: string;
  readonly namespace?: string;
  readonly port?: number;
  /** The API server's defaulting makes an absent weight 1. */
  readonly weight?: number;
  readonly filters?: readonly unknown[];
}

/** A rule in which the old pool has a part. */
export interface RulePlan {
  readonly index: number;
  /** All backendRefs before the first write: restored byte for byte (I15). */
  readonly originals: readonly BackendRef[];
  /** The new pool's ref was there already with weight 0: it is not ours and never removed. */
  readonly newRefWasThere: boolean;
}

/**
 * An object other than an HTTPRoute that carries weights: those of an adapter's targets. All else sees it as an HTTPRoute
 * (workflows/steps/carrier.ts), and the targets as backendRefs of that.
 */
export interface CarrierPlan extends KubeResource {
  /** The pool whose pickers follow it. */
  readonly pool: string;
  /** The name that clients ask for. */
  readonly alias: string;
  /** This rollout creates it: its uid is known once it is there, and it goes again after a rollback. */
  readonly isCreated: boolean;
  /** An InferenceModel without `targetModels`: restored by removing the list. */
  readonly listWasAbsent: boolean;
}

export interface RoutePlan {
  /** Absent: an HTTPRoute. */
  readonly carrier?: CarrierPlan;
  readonly namespace: string;
  readonly name: string;
  /** Empty for an object that this rollout creates, until it is there. */
  readonly uid: string;
  /** The GKE gateways whose status counts for confirmation. */
  readonly gateways: readonly { readonly namespace: string; readonly name: string }[];
  readonly rules: readonly RulePlan[];
}

export interface RungPlan {
  readonly sharePercent: number;
  /** What weights up to 1000 can express in every rule: rounded down where it is not exact (I2). */
  readonly realSharePercent: number;
  readonly bakeMs: number;
  readonly approval: boolean;
  /** The judges that speak at the end of this rung. */
  readonly judges: readonly string[];
}

export interface SidePlan {
  readonly pool: string;
  readonly poolUid: string | null;
  /** Labels of the model-server pods, as in the pool's selector. */
  readonly selector: Readonly<Record<string, string>>;
  /** Port of the model servers. */
  readonly port: number;
  /** Service of the endpoint picker and the labels of its pods; null where a pool has none. */
  readonly picker: {
    readonly service: string;
    readonly selector: Readonly<Record<string, string>>;
    /** Port of its metrics endpoint, where the pods declare one. */
    readonly metricsPort: number | null;
  } | null;
  /** Replicas at a share of 100. */
  readonly replicas: number;
}

export interface ObjectPlan {
  /** Created in the order of the list; `cheap` before `workload` (accelerators are bought between them). */
  readonly stage: 'cheap' | 'workload';
  readonly plural: string;
  readonly group: string;
  readonly version: string;
  readonly namespace: string | null;
  /** As it will be sent, `sluice.dev/intent: {id}` included. */
  readonly object: KubeObject;
}

export interface NodePoolPlan {
  /** `{id}` and the attempt are put in when it is created. */
  readonly nodePool: NodePool;
  readonly capacity: CapacitySpec;
  readonly keepAfterFailureMs: number | null;
}

export interface ObjectivePlan {
  readonly identity: ObjectIdentity;
  readonly priority: number;
  readonly poolRefName: string;
}

export interface GatePlan {
  /** Names of tripwires in force. */
  readonly tripwires: readonly string[];
  readonly errors: { readonly ratioMax: number; readonly samplesMin: number };
  readonly ttft: (LatencyObjective & { readonly edgeSeconds: number; readonly samplesMin: number }) | null;
  /** Only in rollouts of an adapter. */
  readonly adapter?: {
    /** Probes of the new target that the judge `adapter.errors` needs. */
    readonly samplesMin: number;
    /** Answers of either version that the judge `adapter.duration` needs; absent: it takes no part. */
    readonly durationSamplesMin?: number;
    /** The least `--max-loras` of its pods; null: not known. */
    readonly slots: number | null;
  };
}

/** An entry of the adapter syncer's ConfigMap that this rollout adds or takes away. */
export interface SyncerPlan {
  readonly namespace: string;
  readonly name: string;
  readonly uid: string;
  /** Key of `data`. */
  readonly key: string;
  /** The new version is asked for already: then it is not ours to take away. */
  readonly newWasThere: boolean;
  /** It stood under `ensureNotExist` before, and goes back there. */
  readonly newWasAway?: boolean;
}

/** A new version of an adapter, on the pods that serve the old one. */
export interface AdapterPlan {
  /** The name that clients ask for. */
  readonly alias: string;
  /** Names of both versions, as the model servers know them. */
  readonly from: string;
  readonly to: string;
  /** Where the new version comes from. */
  readonly source: string;
  /** Every pool that serves it; the first is the plan's old and new side. */
  readonly pools: readonly SidePlan[];
  /** Empty: it is loaded already, nothing is edited. */
  readonly syncers: readonly SyncerPlan[];
  /** What says that a written share is followed: the pickers' counters by target, or only that the settle time has passed. */
  readonly confirmedBy: 'picker' | 'settle';
  /** The old version is unloaded when it is retired. */
  readonly unloadsOld: boolean;
}

export interface Plan {
  readonly planVersion: 1;
  readonly type: 'node' | 'baseModel' | 'adapter';
  readonly cluster: string;
  readonly namespace: string;
  readonly old: SidePlan;
  readonly new: SidePlan;
  readonly source: 'existing' | 'manifests';
  /** Only in rollouts of an adapter. */
  readonly adapter?: AdapterPlan;
  /** What carries the weights: HTTPRoutes, or an adapter's carriers. */
  readonly routes: readonly RoutePlan[];
  readonly nodePool: NodePoolPlan | null;
  readonly create: readonly ObjectPlan[];
  /** Only what is removed when the old side is retired, in order; empty for `keep`. */
  readonly delete: readonly ObjectIdentity[];
  readonly ladder: readonly RungPlan[];
  readonly pacing: { readonly settleMs: number; readonly warmUpMs: number; readonly extendFactor: number };
  readonly gates: GatePlan;
  readonly verify: {
    readonly servedNames: readonly string[];
    readonly adapters: readonly string[];
    /** The old side's shortest max_model_len; the new one's may not be less. null: not known. */
    readonly maxModelLenMin: number | null;
    readonly warmUpRequests: number;
    readonly deadlineMs: number;
    /** How adapters are proved: by another answer than the base model's, by name, or not at all. Absent: by name. */
    readonly effect?: {
      readonly mode: 'required' | 'names' | 'off';
      /** A served name of the base model, to compare with. */
      readonly base: string;
      /** Prompts by adapter, where the file has some. */
      readonly prompts: Readonly<Record<string, readonly string[]>>;
    };
  };
  /** `leave`, or flipped in the same decision as the majority. */
  readonly objectives: { readonly mode: 'leave' | 'flip'; readonly objects: readonly ObjectivePlan[] };
  readonly alerts: {
    readonly project: string;
    readonly policies: readonly string[];
    readonly holdWhileOpen: boolean;
  };
  readonly windows: readonly WindowSpec[];
  readonly approvals: { readonly notByStarter: boolean };
  readonly rollback: {
    readonly floorPercent: number;
    readonly onHoldForMs: number;
    /** Of an adapter: how long the new version stays loaded. */
    readonly afterNewPodsMs: number;
    readonly afterNodePoolMs: number | null;
  };
  readonly retention: { readonly oldMs: number; readonly retire: 'delete' | 'keep' | 'unload' };
  /** Backend policy's draining time, at least the drain that we wait on our own. */
  readonly drainMs: number;
  readonly deadlineMs: number;
  /** Every key that the rollout locks, canonical cluster name included. */
  readonly locks: readonly string[];
  /** Defaults of the reference that this version replaces by others, in words. */
  readonly notInThisVersion: readonly string[];
}

/** What preflight found. Severity E blocks, W must be acknowledged, I is a note. */
export interface Finding {
  readonly severity: 'E' | 'W' | 'I';
  readonly code: string;
  /** `Kind namespace/name`. */
  readonly object: string;
  readonly what: string;
  readonly why: string;
  readonly mend: string;
}

export type PlanResult =
  | {
      readonly kind: 'planned';
      readonly plan: Plan;
      readonly hash: string;
      readonly findings: readonly Finding[];
    }
  /** At least one E, or a W that is not acknowledged. */
  | { readonly kind: 'refused'; readonly findings: readonly Finding[] };
