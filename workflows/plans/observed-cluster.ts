/**
 * What preflight read, all of it, before anything is decided. The planner is a pure function of the rollout file, the
 * manifests and this; whatever changes by itself (resource versions, times, order of lists) may not reach the plan.
 */
import type { KubeObject, KubeResource, KubeStatus } from '../kubernetes.ts';
import type { GkeErrorCode, NodePool } from '../ports.ts';
import type { Incident } from '../rollout/stored.ts';

/** What the API server said to a dry run. */
export interface DryRunAnswer {
  readonly status: number;
  readonly failure: KubeStatus | null;
}

/** One line of `GET /v1/models`. */
export interface ServedModel {
  readonly id: string;
  /** null for a base model, the base model's name for an adapter. */
  readonly parent: string | null;
  /** Where it was loaded from, where the server tells. */
  readonly root?: string | null;
  readonly maxModelLen: number | null;
}

export interface ObservedCluster {
  readonly cluster: string;
  /** Group/version pairs and plurals that are served. */
  readonly served: Readonly<Record<string, readonly string[]>>;
  /** The objectives' and rewrites' resources as discovered, `llm-d.ai` before the older group; null where not served. */
  readonly objectiveResource: KubeResource | null;
  readonly rewriteResource: KubeResource | null;

  // ---- all namespaces
  readonly pools: readonly KubeObject[];
  readonly routes: readonly KubeObject[];
  readonly gateways: readonly KubeObject[];
  readonly objectives: readonly KubeObject[];
  readonly rewrites: readonly KubeObject[];
  readonly referenceGrants: readonly KubeObject[];

  // ---- the rollout's namespace
  readonly services: readonly KubeObject[];
  readonly deployments: readonly KubeObject[];
  readonly pods: readonly KubeObject[];
  /** HorizontalPodAutoscalers and ScaledObjects. */
  readonly autoscalers: readonly KubeObject[];
  readonly backendPolicies: readonly KubeObject[];
  readonly healthCheckPolicies: readonly KubeObject[];
  /** Only those that Deployments mount, and only where the old side is to be deleted or an adapter is loaded. */
  readonly configMaps: readonly KubeObject[];

  /** null: not asked for, because the rollout file names no node pool. */
  readonly nodePools:
    | { readonly kind: 'ok'; readonly pools: readonly NodePool[] }
    | { readonly kind: 'error'; readonly code: GkeErrorCode; readonly message: string }
    | null;
  /** Lists that were refused, e.g. `list gateways in all namespaces`. */
  readonly refusedReads: readonly { readonly what: string; readonly status: number }[];
  readonly access: readonly AccessReview[];
  readonly routeDryRuns: readonly RouteDryRun[];
  readonly createDryRuns: readonly CreateDryRun[];
  /** `/v1/models` of the ready pods of the old side (of an adapter: of all its pools); null where the pod gave no usable answer. */
  readonly oldModels: readonly { readonly pod: string; readonly models: readonly ServedModel[] | null }[];
  /** Time to first token of the old side's pods, summed; null where none answered. Upper edges in seconds, ascending. */
  readonly oldTtft: {
    readonly edges: readonly number[];
    readonly cumulative: readonly number[];
    readonly count: number;
  } | null;
  /** Keys of ours that another rollout holds. */
  readonly locksHeld: readonly { readonly key: string; readonly holder: string }[];
  readonly openIncidents: readonly Incident[];
  /** Only for a rollout of an adapter; `rewrites` are then those of both groups. */
  readonly adapter?: ObservedAdapter;
}

/** What only a rollout of an adapter looks at. */
export interface ObservedAdapter {
  /** null where it is not served. */
  readonly modelResource: KubeResource | null;
  readonly models: readonly KubeObject[];
  /** The write that divides the alias, and the one that takes it back, by pool. */
  readonly dryRuns: readonly {
    readonly pool: string;
    readonly there: DryRunAnswer;
    /** null: what is created is deleted again. */
    readonly back: DryRunAnswer | null;
  }[];
  /** Pods of pickers whose counters could be read. */
  readonly readablePickers: readonly string[];
  /** Least number of adapters that a pod computes with at once, as its metrics tell; null where none does. */
  readonly maxLoras: number | null;
}

export interface AccessReview {
  readonly verb: string;
  readonly group: string;
  /** Plural, with subresource: `pods/proxy`. */
  readonly resource: string;
  readonly namespace: string | null;
  readonly allowed: boolean;
}

/** Both patches that the rollout will need on a route, sent as a dry run: the way there, and the way back. */
export interface RouteDryRun {
  readonly namespace: string;
  readonly name: string;
  readonly attach: DryRunAnswer;
  readonly wayBack: DryRunAnswer;
}

/** Creation of one object of the manifests as a dry run; by position in the manifests. */
export interface CreateDryRun {
  readonly index: number;
  readonly answer: DryRunAnswer;
}
