/**
 * What the world saw of one trial: the only thing that checkers read. Nothing here, and nothing that the checkers import,
 * comes from the product: a checker that shared its code would share its mistakes.
 *
 * Times are milliseconds since 1970 by the world's clock. Sightings stand in the order in which they happened.
 */

/** A Kubernetes object as the API server keeps it. Shared and frozen: look, never touch. */
export interface SeenObject {
  readonly apiVersion: string;
  readonly kind: string;
  readonly metadata: {
    readonly name: string;
    readonly namespace?: string;
    readonly uid?: string;
    readonly resourceVersion?: string;
    readonly generation?: number;
    readonly labels?: Readonly<Record<string, string>>;
    readonly annotations?: Readonly<Record<string, string>>;
    readonly deletionTimestamp?: string;
    readonly [field: string]: unknown;
  };
  readonly [field: string]: unknown;
}

export interface SeenRung {
  readonly sharePercent: number;
  readonly bakeMs: number;
  readonly approval: boolean;
}

/** What an order about an adapter is about. The names of its versions are the order's `oldPool` and `newPool` as well. */
export interface OrderOfAdapter {
  /** The name that clients ask for. */
  readonly alias: string;
  readonly from: string;
  readonly to: string;
  /** Pools that serve it. */
  readonly pools: readonly string[];
  /** Annotation that says whose decision the alias's weights are. */
  readonly fence: string;
  /** What carries the weights, as `SeenWrite.resource` names it. */
  readonly resource: string;
  /** Objects that had the alias's rule when the world began; the order's `routes` are those and what was created for it. */
  readonly carriers: readonly string[];
  /** ConfigMaps that say what the pools' servers load. */
  readonly syncers: readonly string[];
  /** Whether the new version is to be put there; else it is loaded already. */
  readonly load: 'syncer' | 'loaded';
}

/** What an author asked for with one `start`: the trial's input, not what the product made of it. */
export interface Order {
  /** Identity of the start request. */
  readonly requestId: string;
  /** As the API answered or the store gave out; null: never started. */
  readonly rolloutId: string | null;
  readonly cluster: string;
  readonly namespace: string;
  readonly type: 'node' | 'baseModel' | 'adapter';
  /** Only of type `adapter`: then its pools are the two versions, and its routes what carries the alias's weights. */
  readonly adapter?: OrderOfAdapter;
  readonly source: 'existing' | 'manifests';
  readonly oldPool: string;
  readonly newPool: string;
  /** Replicas at a share of 100. */
  readonly oldReplicas: number;
  readonly newReplicas: number;
  /** HTTPRoutes of the namespace that gave the old pool a part when the world began. */
  readonly routes: readonly string[];
  /** Objects of the namespace that are the old side's alone: all that a retirement may delete. */
  readonly oldObjects: readonly { readonly kind: string; readonly name: string }[];
  readonly ladder: readonly SeenRung[];
  readonly settleMs: number;
  readonly errorRatioMax: number;
  /** Requests on the new side that the judge of errors needs. */
  readonly errorSamplesMin: number;
  readonly floorPercent: number;
  readonly onHoldForMs: number;
  readonly retentionMs: number;
  readonly retire: 'keep' | 'delete' | 'unload';
  /** How long connections are drained before anything goes, at least. */
  readonly drainMs: number;
  /** Alert policies (full names) that roll it back. */
  readonly policies: readonly string[];
  /** Growth happens at these times only; empty: always. UTC. */
  readonly windows: readonly { readonly fromMs: number; readonly toMs: number }[];
}

/** Who wrote: the product, the platform's own controllers (kubelet, gateway, deployment controller), or somebody else. */
export type Author = 'sluice' | 'controller' | 'other';

/** An accepted write to a Kubernetes object; dry runs and refusals are not writes. */
export interface SeenWrite {
  readonly kind: 'write';
  readonly atMs: number;
  /** When its sender sent it; a write may arrive long after that. */
  readonly issuedAtMs: number;
  readonly by: Author;
  /** The simulated process; null unless `by` is `sluice`. */
  readonly process: string | null;
  readonly cluster: string;
  readonly verb: 'create' | 'update' | 'patch' | 'delete' | 'controller';
  /** Lower-case plural with the group: `httproutes.gateway.networking.k8s.io`, `deployments.apps`, `pods`. */
  readonly resource: string;
  readonly namespace: string | null;
  readonly name: string;
  /** null for a creation. */
  readonly before: SeenObject | null;
  /** null for a removal. A deletion that waits for finalizers has its `deletionTimestamp` set. */
  readonly after: SeenObject | null;
}

/** A dry run of the product. */
export interface SeenDryRun {
  readonly kind: 'dryRun';
  readonly atMs: number;
  readonly issuedAtMs: number;
  readonly process: string;
  readonly cluster: string;
  readonly resource: string;
  readonly namespace: string | null;
  readonly name: string;
  readonly status: number;
  /** The object as it would be; null when refused. */
  readonly would: SeenObject | null;
  /** Whether the sender heard the answer. */
  readonly heard: boolean;
}

/** How a pool stands in ground truth: seen at the beginning and at each change. */
export interface SeenSide {
  readonly kind: 'side';
  readonly atMs: number;
  readonly cluster: string;
  readonly namespace: string;
  readonly pool: string;
  /** Model servers that are Ready and not being deleted. */
  readonly ready: number;
  /** A picker pod is Ready and not being deleted. */
  readonly pickerReady: boolean;
  /**
   * Only of a version of an adapter, whose name is then `pool`: how many servers are Ready in all, of which `ready` have it
   * loaded. Pickers: each pool has one.
   */
  readonly of?: number;
  /** Of these servers, those that have it loaded and answer like the base model. */
  readonly silent?: number;
}

/** Requests of all clients to a pool since the world began, in ground truth: seen at each write and each confirmation of a route. */
export interface SeenTraffic {
  readonly kind: 'traffic';
  readonly atMs: number;
  readonly cluster: string;
  readonly namespace: string;
  readonly pool: string;
  readonly requests: number;
  readonly failed: number;
  /** In the servers now: running and waiting. */
  readonly inFlight: number;
}

/** The product asked model servers for their metrics. */
export interface SeenScrape {
  readonly kind: 'scrape';
  readonly atMs: number;
  readonly process: string;
  readonly cluster: string;
  readonly namespace: string;
  /** Names of the pods. */
  readonly pods: readonly string[];
  /** How many of them answered with status 200. */
  readonly answered: number;
}

/** The product asked a model server for an answer by a name. */
export interface SeenProbe {
  readonly kind: 'probe';
  readonly atMs: number;
  readonly process: string;
  readonly cluster: string;
  readonly namespace: string;
  readonly pod: string;
  /** The name. */
  readonly model: string;
  /** null: it said nothing. */
  readonly status: number | null;
}

export interface SeenHeartbeat {
  readonly kind: 'heartbeat';
  readonly atMs: number;
  /** When its sender sent it; absent: not known. */
  readonly issuedAtMs?: number;
  readonly rolloutId: string;
}

/** The alarm outside Sluice: heartbeats stayed away for five minutes. */
export interface SeenAlarm {
  readonly kind: 'alarm';
  readonly atMs: number;
  readonly rolloutId: string;
  readonly lastHeartbeatMs: number;
}

/** A change that the product asked GKE for, and GKE accepted. */
export interface SeenGke {
  readonly kind: 'gke';
  readonly atMs: number;
  readonly issuedAtMs: number;
  readonly process: string;
  readonly what: 'createNodePool' | 'deleteNodePool';
  readonly cluster: string;
  readonly nodePool: string;
  readonly labels: Readonly<Record<string, string>>;
}

/** What people and pipelines ask for; an alert's identity is its incident and state. */
export interface SeenSent {
  readonly kind: 'sent';
  readonly atMs: number;
  readonly via: 'api' | 'requests' | 'alerts';
  /** Request id, or `incidentId/state`. */
  readonly id: string;
  /** `start`, `pause`, `resume`, `approve`, `skip`, `finish`, `rollback`, `abandon`, `freeze`, `unfreeze`, `alert`. */
  readonly action: string;
  /** null: about no rollout in particular. */
  readonly rolloutId: string | null;
  readonly body: Readonly<Record<string, unknown>>;
}

/** The API's answer to a request, as its client heard it. 503 and 500 leave open what happened. */
export interface SeenAnswer {
  readonly kind: 'answer';
  readonly atMs: number;
  readonly id: string;
  readonly status: number;
  readonly code: string;
}

/** A journal entry as it was published; the same one may be published again. */
export interface SeenEntry {
  readonly rolloutId: string;
  readonly seq: number;
  readonly atMs: number;
  /** `kind`: `started`, `command`, `alert`, `outcome`, `timer`, `observed`, `noticed`, `recordExecuted`. */
  readonly message: {
    readonly kind: string;
    readonly messageId: string;
    readonly [field: string]: unknown;
  };
  /** States: queued, preflight, deploying, …, promoted, rolledBack, failed. */
  readonly from: string;
  readonly to: string;
  readonly effects: readonly string[];
  readonly verdicts: readonly {
    readonly gate: string;
    readonly answer: 'pass' | 'fail' | 'inconclusive';
    readonly samples: number;
  }[];
  /** null: applied. */
  readonly refusal: string | null;
  readonly sentence: string;
}

export interface SeenPublished {
  readonly kind: 'published';
  readonly atMs: number;
  readonly process: string;
  /** `rolloutId/seq` */
  readonly id: string;
  readonly entry: SeenEntry;
}

/** A message that the product set aside with a reason; seen at the end. */
export interface SeenRejected {
  readonly kind: 'rejected';
  readonly atMs: number;
  readonly id: string;
  readonly reason: string;
  readonly text: string;
}

/** The bus gave a message up, and nobody drove it again. */
export interface SeenGivenUp {
  readonly kind: 'givenUp';
  readonly atMs: number;
  readonly topic: string;
  readonly text: string;
}

/** Something that happened to the world, or that somebody else did in it. */
export interface SeenAct {
  readonly kind: 'act';
  readonly atMs: number;
  readonly what: string;
  readonly detail: Readonly<Record<string, unknown>>;
}

/** What befell the product's platform: `crashed`, `frozen`, `outage`, `restored` (a document set back), `ticksStopped`, … */
export interface SeenFault {
  readonly kind: 'fault';
  readonly atMs: number;
  readonly what: string;
  /** Process, rollout or server. */
  readonly whom: string;
  /** How long, where it is known beforehand. */
  readonly forMs: number | null;
}

export type Sighting =
  | SeenWrite
  | SeenDryRun
  | SeenSide
  | SeenTraffic
  | SeenScrape
  | SeenProbe
  | SeenHeartbeat
  | SeenAlarm
  | SeenGke
  | SeenSent
  | SeenAnswer
  | SeenPublished
  | SeenRejected
  | SeenGivenUp
  | SeenAct
  | SeenFault;

export interface Seen {
  readonly orders: readonly Order[];
  readonly startMs: number;
  /** No fault begins after this, and none of the random ones goes on. */
  readonly quietFromMs: number;
  /** When the trial was ended: everything was over, or the time for it had run out. */
  readonly endMs: number;
  readonly sightings: readonly Sighting[];
}

export type Rule =
  | 'I1'
  | 'I2'
  | 'I3'
  | 'I4'
  | 'I5'
  | 'I6'
  | 'I7'
  | 'I8'
  | 'I9'
  | 'I10'
  | 'I11'
  | 'I13'
  | 'I14'
  | 'I15'
  | 'I16';

export interface Violation {
  readonly rule: Rule;
  readonly atMs: number;
  readonly rolloutId: string | null;
  /** One sentence with the figures. */
  readonly sentence: string;
}

/** Pure; one per invariant. */
export type Checker = (seen: Seen) => readonly Violation[];
