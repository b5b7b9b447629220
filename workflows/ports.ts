/**
 * What the shell needs from outside. The rules that make it possible to simulate the shell unmodified:
 *
 * - every method takes one object and returns a promise; these promises are the only thing that doors and
 *   runtime ever await, waiting itself included (`TimePort`);
 * - ports are verb-level: one call is at most one request (or one batch of independent reads) to one server;
 *   an adapter never retries, the outbox does;
 * - whatever a server answers is a value, its status codes included. `noAnswer` means: nobody knows whether
 *   it happened (time-out, connection lost). Only the store throws (RetryableError: outage, answer lost).
 */

import type { JsonPatch, KubeObject, KubeResource, KubeStatus } from './kubernetes.ts';
import type {
  Freeze,
  Incident,
  JournalEntry,
  Leftover,
  Rejected,
  RolloutDocument,
} from './rollout/stored.ts';

export interface NoAnswer {
  readonly kind: 'noAnswer';
  /** For people only. */
  readonly why: string;
}

// ---------------------------------------------------------------------------------------------- Kubernetes

export interface KubeCall {
  /** Canonical name: `projects/P/locations/L/clusters/C`. */
  readonly cluster: string;
  readonly resource: KubeResource;
  /** null for cluster-scoped resources, and for lists over all namespaces. */
  readonly namespace: string | null;
}

/**
 * An answer of an API server. `body` is the object (or the list) when status < 300, else a Status. A group that
 * is not served answers 404 without details.
 */
export interface KubeAnswer<T = KubeObject> {
  readonly kind: 'answer';
  readonly status: number;
  /** Set when status < 300. */
  readonly object?: T;
  /** Set when status >= 300. */
  readonly failure?: KubeStatus;
}

export interface KubeList {
  readonly resourceVersion: string;
  readonly items: readonly KubeObject[];
}

export interface KubernetesPort {
  /** Group/version pairs and the plurals that each serves, e.g. `{ 'apps/v1': ['deployments', …], 'v1': ['pods', …] }`. */
  discover(call: {
    readonly cluster: string;
  }): Promise<KubeAnswer<Readonly<Record<string, readonly string[]>>> | NoAnswer>;
  get(call: KubeCall & { readonly name: string }): Promise<KubeAnswer | NoAnswer>;
  /** All pages. `labelSelector` in the API's syntax, equality only: `a=b,c=d`. */
  list(
    call: KubeCall & {
      readonly labelSelector?: string;
      /**
       * It may be a moment old: the server answers from its cache. A list that must not be waits there for everything that
       * others have written, up to a tenth of a second on a busy cluster.
       */
      readonly recent?: true;
    },
  ): Promise<KubeAnswer<KubeList> | NoAnswer>;
  /** POST with `fieldManager=sluice`, `fieldValidation=Strict`. Also used for reviews (SelfSubjectAccessReview). */
  create(
    call: KubeCall & { readonly object: KubeObject; readonly dryRun?: boolean },
  ): Promise<KubeAnswer | NoAnswer>;
  /** PATCH `application/json-patch+json` with `fieldManager=sluice`. */
  jsonPatch(
    call: KubeCall & { readonly name: string; readonly patch: JsonPatch; readonly dryRun?: boolean },
  ): Promise<KubeAnswer | NoAnswer>;
  /** DELETE with a uid precondition, background propagation. */
  delete(call: KubeCall & { readonly name: string; readonly uid: string }): Promise<KubeAnswer | NoAnswer>;
}

// ------------------------------------------------------------------------------------------- model servers

/** One line of the Prometheus text format. */
export interface MetricSample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

export interface PodTarget {
  readonly pod: string;
  readonly port: number;
}

/** `answered`: any HTTP status from the pod itself. Errors of the API server's proxy (connection refused, …) are `unanswered`. */
export type ScrapeResult =
  | { readonly kind: 'answered'; readonly status: number; readonly samples: readonly MetricSample[] }
  | { readonly kind: 'unanswered'; readonly why: string };

export type AskResult =
  | {
      readonly kind: 'answered';
      readonly status: number;
      /** The whole body. A stream is read to its end: all its `data:` events, one a line, `[DONE]` included. */
      readonly body: string;
      readonly elapsedMs: number;
    }
  | { readonly kind: 'unanswered'; readonly why: string };

/** Pods reached through the API server's proxy: model servers, and endpoint pickers' metrics port. */
export interface ModelServersPort {
  /** GET /metrics of many pods at once, in parallel; results in the order of `targets`. Only the named families come back. */
  scrape(call: {
    readonly cluster: string;
    readonly namespace: string;
    readonly targets: readonly PodTarget[];
    /** Names of metric families, e.g. `vllm:num_requests_running`; of a histogram all its series come. */
    readonly families: readonly string[];
    readonly timeoutMs: number;
  }): Promise<readonly ScrapeResult[]>;
  ask(call: {
    readonly cluster: string;
    readonly namespace: string;
    readonly target: PodTarget;
    readonly method: 'GET' | 'POST';
    readonly path: string;
    /** JSON; with `stream: true` in it the answer is a stream. */
    readonly body?: Readonly<Record<string, unknown>>;
    readonly timeoutMs: number;
  }): Promise<AskResult>;
}

// ---------------------------------------------------------------------------------------------------- GKE

/** google.rpc.Code names, as the GKE API uses them. */
export type GkeErrorCode =
  | 'INVALID_ARGUMENT'
  | 'NOT_FOUND'
  | 'ALREADY_EXISTS'
  | 'PERMISSION_DENIED'
  | 'UNAUTHENTICATED'
  | 'FAILED_PRECONDITION'
  | 'RESOURCE_EXHAUSTED'
  | 'ABORTED'
  | 'INTERNAL'
  | 'UNAVAILABLE';

export type GkeAnswer<T> =
  | { readonly kind: 'ok'; readonly value: T }
  | {
      readonly kind: 'error';
      readonly code: GkeErrorCode;
      /** ErrorInfo reason, e.g. `CLUSTER_ALREADY_HAS_OPERATION`. */
      readonly reason?: string;
      readonly message: string;
    }
  | NoAnswer;

export interface GkeTaint {
  readonly key: string;
  readonly value: string;
  readonly effect: 'NO_SCHEDULE' | 'PREFER_NO_SCHEDULE' | 'NO_EXECUTE';
}

/** The part of container.v1.NodePool that we set and read; names as in the proto. */
export interface NodePool {
  readonly name: string;
  readonly initialNodeCount: number;
  readonly locations: readonly string[];
  readonly config: {
    readonly machineType: string;
    readonly labels?: Readonly<Record<string, string>>;
    readonly resourceLabels?: Readonly<Record<string, string>>;
    readonly taints?: readonly GkeTaint[];
    readonly spot?: boolean;
    readonly flexStart?: boolean;
    readonly reservationAffinity?: {
      readonly consumeReservationType: 'NO_RESERVATION' | 'ANY_RESERVATION' | 'SPECIFIC_RESERVATION';
      readonly key?: string;
      readonly values?: readonly string[];
    };
    /** Everything else of the config, carried along when a pool is made like another. */
    readonly [field: string]: unknown;
  };
  readonly autoscaling?: {
    readonly enabled: boolean;
    readonly minNodeCount?: number;
    readonly maxNodeCount?: number;
    readonly totalMinNodeCount?: number;
    readonly totalMaxNodeCount?: number;
  };
  readonly management?: { readonly autoUpgrade?: boolean; readonly autoRepair?: boolean };
  /** Carried along when a pool is made like another; messages of container.v1 that nothing here looks into. */
  readonly networkConfig?: Readonly<Record<string, unknown>>;
  readonly maxPodsConstraint?: Readonly<Record<string, unknown>>;
  readonly upgradeSettings?: Readonly<Record<string, unknown>>;
  readonly nodeDrainConfig?: Readonly<Record<string, unknown>>;
  /** The same; belongs to the machines, e.g. the topology of a TPU slice. */
  readonly placementPolicy?: Readonly<Record<string, unknown>>;
  /** Output only. */
  readonly status?: 'PROVISIONING' | 'RUNNING' | 'RUNNING_WITH_ERROR' | 'RECONCILING' | 'STOPPING' | 'ERROR';
}

/** container.v1.Operation. DONE with an error means failed. */
export interface GkeOperation {
  readonly name: string;
  readonly operationType: string;
  readonly status: 'PENDING' | 'RUNNING' | 'DONE' | 'ABORTING';
  readonly targetLink: string;
  readonly error?: {
    readonly code: GkeErrorCode;
    readonly message: string;
    /** canonicalCode or legacy condition code where given. */
    readonly condition?: 'GCE_STOCKOUT' | 'GCE_QUOTA_EXCEEDED' | 'OTHER';
  };
}

export interface GkePort {
  getNodePool(call: { readonly cluster: string; readonly nodePool: string }): Promise<GkeAnswer<NodePool>>;
  listNodePools(call: { readonly cluster: string }): Promise<GkeAnswer<readonly NodePool[]>>;
  createNodePool(call: {
    readonly cluster: string;
    readonly nodePool: NodePool;
  }): Promise<GkeAnswer<GkeOperation>>;
  deleteNodePool(call: {
    readonly cluster: string;
    readonly nodePool: string;
  }): Promise<GkeAnswer<GkeOperation>>;
  getOperation(call: {
    readonly cluster: string;
    readonly operation: string;
  }): Promise<GkeAnswer<GkeOperation>>;
  listOperations(call: { readonly cluster: string }): Promise<GkeAnswer<readonly GkeOperation[]>>;
}

// --------------------------------------------------------------------------------------------- monitoring

export interface MonitoringPort {
  /** Incidents that are open now, of the named alert policies (full resource names). */
  openIncidents(call: {
    readonly project: string;
    readonly policies: readonly string[];
  }): Promise<{ readonly kind: 'ok'; readonly incidents: readonly Incident[] } | NoAnswer>;
  /** One point of `custom.googleapis.com/sluice/evaluated`: an absence alert outside Sluice watches it (I16). */
  heartbeat(call: {
    readonly project: string;
    readonly rolloutId: string;
    readonly atMs: number;
  }): Promise<{ readonly kind: 'ok' } | NoAnswer>;
}

// ----------------------------------------------------------------------------------------------------- bus

export interface BusMessage {
  /** Identity of the content, not of the delivery (protocol P7). */
  readonly id: string;
  readonly data: unknown;
  readonly attributes?: Readonly<Record<string, string>>;
}

export interface BusPort {
  publish(call: {
    readonly topic: 'wakes' | 'events';
    readonly message: BusMessage;
  }): Promise<{ readonly kind: 'ok' } | NoAnswer>;
}

// ---------------------------------------------------------------------------------------------------- time

export interface TimePort {
  /** Milliseconds since 1970 by the clock of this process; may be skewed. For budgets, never for decisions (P9). */
  now(call: Record<string, never>): Promise<number>;
  /** Returns the time after the wait. */
  wait(call: { readonly ms: number }): Promise<number>;
  /** Returns when the rollout has an entry after `afterSeq`, or at the deadline. */
  changes(call: {
    readonly rolloutId: string;
    readonly afterSeq: number;
    readonly deadlineMs: number;
  }): Promise<{ readonly changed: boolean }>;
}

// --------------------------------------------------------------------------------------------------- store

/** One atomic batch (protocol P2). Either all of it happens or nothing. */
export interface CommitBatch {
  /** null: the rollout must not exist yet. */
  readonly expectedRevision: number | null;
  readonly document: RolloutDocument;
  readonly entries: readonly JournalEntry[];
  /** Keys to take for this rollout; one that another rollout holds refuses the whole batch. */
  readonly acquireLocks?: readonly string[];
  /** Keys to give back; a key that this rollout does not hold is ignored. */
  readonly releaseLocks?: readonly string[];
  /** The client's request id of a start: one that exists already refuses the batch. */
  readonly requestId?: string;
  /** Texts beside the document, by name, e.g. the manifests. */
  readonly attachments?: Readonly<Record<string, string>>;
  readonly leftovers?: readonly Leftover[];
}

export type CommitResult =
  | { readonly kind: 'committed' }
  /** Not the revision that was expected, or it exists already. The commit may be ours: compare `lastCommitId`. */
  | { readonly kind: 'conflict' }
  | { readonly kind: 'locked'; readonly key: string; readonly holder: string }
  | { readonly kind: 'duplicateRequest'; readonly rolloutId: string };

/** A line of a list; only what is indexed. */
export interface RolloutSummary {
  readonly rolloutId: string;
  readonly state: string;
  readonly wakeAtMs: number | null;
  readonly poolKey: string;
  readonly createdAtMs: number;
  readonly finishedAtMs: number | null;
}

/** @throws RetryableError from every method: outage, or the answer was lost (a write may have happened). */
export interface StorePort {
  /** `readAtMs`: the store's own clock at the read (P9). */
  load(call: {
    readonly rolloutId: string;
  }): Promise<{ readonly document: RolloutDocument | null; readonly readAtMs: number }>;
  commit(call: CommitBatch): Promise<CommitResult>;
  attachment(call: { readonly rolloutId: string; readonly name: string }): Promise<string | null>;
  /** Rollouts with `wakeAtMs <= read time`, oldest first, then by id; `after` continues behind the last one of a page. */
  due(call: {
    readonly limit: number;
    readonly after?: { readonly wakeAtMs: number; readonly rolloutId: string };
  }): Promise<{
    readonly rollouts: readonly { rolloutId: string; wakeAtMs: number }[];
    readonly readAtMs: number;
  }>;
  /** By id; `unfinished` only those with `finishedAtMs === null`. */
  list(call: {
    readonly unfinished?: boolean;
    readonly poolKey?: string;
    readonly limit: number;
    readonly afterId?: string;
  }): Promise<readonly RolloutSummary[]>;
  /** Unfinished rollouts whose `watches` contain the alert policy. */
  watching(call: { readonly policy: string }): Promise<readonly string[]>;
  /** What a start must know: was this request seen, which number is next for the name, who holds the pool. */
  lookUpStart(call: {
    readonly name: string;
    readonly requestId: string;
    readonly poolKey: string;
  }): Promise<{
    readonly rolloutId: string | null;
    readonly nextNumber: number;
    readonly holder: string | null;
    readonly readAtMs: number;
  }>;
  journal(call: {
    readonly rolloutId: string;
    /** 0: from the beginning. */
    readonly afterSeq: number;
    readonly limit: number;
  }): Promise<readonly JournalEntry[]>;
  /** Holder of each key, in order; null where free. */
  locks(call: { readonly keys: readonly string[] }): Promise<readonly (string | null)[]>;
  /** Idempotent by incident id; `closed` wins over `open`. `isNew`: this id and state were not known. */
  recordIncident(call: { readonly incident: Incident }): Promise<{ readonly isNew: boolean }>;
  /** Incidents that started or were received at or after `sinceMs`, and the freeze in force. */
  registry(call: { readonly sinceMs: number }): Promise<{
    readonly incidents: readonly Incident[];
    readonly freeze: Freeze | null;
  }>;
  setFreeze(call: { readonly freeze: Freeze | null }): Promise<void>;
  /** Idempotent by id. */
  recordRejected(call: { readonly rejected: Rejected }): Promise<void>;
  leftovers(call: {
    readonly dueOnly: boolean;
  }): Promise<{ readonly leftovers: readonly Leftover[]; readonly readAtMs: number }>;
  /** Replaces the record (attempts are recorded before the call they announce); null removes it. */
  putLeftover(call: { readonly id: string; readonly leftover: Leftover | null }): Promise<void>;
}

// ----------------------------------------------------------------------------------------------------- log

export type LogSeverity = 'DEBUG' | 'INFO' | 'NOTICE' | 'WARNING' | 'ERROR' | 'CRITICAL';

/** Structured log. CRITICAL pages a person (a log-match alert policy). Never awaited, never fails. */
export type Log = (
  severity: LogSeverity,
  code: string,
  message: string,
  fields?: Readonly<Record<string, string | number | boolean | null>>,
) => void;

export interface Ports {
  readonly store: StorePort;
  readonly kubernetes: KubernetesPort;
  readonly models: ModelServersPort;
  readonly gke: GkePort;
  readonly monitoring: MonitoringPort;
  readonly bus: BusPort;
  readonly time: TimePort;
  readonly log: Log;
}
