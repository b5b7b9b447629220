import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { GkeTaint } from '../../workflows/ports.ts';
import type { ScheduledAct } from './acts.ts';

/** A duration is drawn uniformly between both ends, milliseconds. */
type Range = readonly [minMs: number, maxMs: number];

/** Everything that takes time of its own in the world. */
export interface DurationRanges {
  readonly nodePoolCreation: Range;
  readonly nodePoolDeletion: Range;
  /** A node that an autoscaler adds. */
  readonly nodeStart: Range;
  readonly imagePull: Range;
  /** A model server's start: weights read, kernels captured. */
  readonly modelLoad: Range;
  readonly adapterLoad: Range;
  /** A ConfigMap's way into a running pod. */
  readonly configMapSync: Range;
  readonly pickerStart: Range;
  /** From a written InferenceModelRewrite to pickers that obey it. */
  readonly rewriteNotice: Range;
  /** Until a crashed container is started again. */
  readonly restart: Range;
  /** From a change of a pod to the picker's and gateway's view of it. */
  readonly endpointNotice: Range;
  /** From a stored route to the load balancer's programming. */
  readonly gatewayLag: Range;
  /** Backend service, NEGs and health checks of a backend that the gateway has not seen before. */
  readonly backendBuild: Range;
  readonly apiCall: Range;
  readonly scrape: Range;
}

/** The gateway says no to routes that are fine, e.g. because of somebody else's. What is programmed stays so. */
export interface GatewayRefusal {
  /** The condition that is False; for `Programmed` it is the Gateway's own. The routes' `Reconciled` is False as well. */
  readonly condition: 'Accepted' | 'ResolvedRefs' | 'Reconciled' | 'Programmed';
  readonly reason: string;
  readonly message: string;
}

export interface GatewayBehaviour {
  /** false: written weights are never programmed and never reported. */
  readonly reconciles: boolean;
  /** Traffic follows this long after the report `Reconciled`. */
  readonly trafficLagMs: Range;
  /** The report follows this long after the programming. */
  readonly reportLagMs: Range;
  /** Reports `Reconciled` at once and programs nothing. */
  readonly reportsFalsely: boolean;
  /** Front ends that each draw their own traffic lag. */
  readonly frontEnds: number;
  /** Rewrites the status of each route this often without a change; null never. */
  readonly statusChurnMs: number | null;
  /** Refuses every route; null: looks at them. */
  readonly refuses: GatewayRefusal | null;
}

export interface MachineType {
  readonly gpus: number;
  readonly accelerator: string | null;
  /** Time per token and to the first token, over the reference machine's. */
  readonly slowness: number;
}

export interface NodePoolParameters {
  readonly name: string;
  readonly machineType: string;
  /** In each zone. */
  readonly nodes: number;
  readonly zones?: readonly string[];
  readonly taints?: readonly GkeTaint[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Cluster autoscaler: most nodes in all zones together; absent means none. */
  readonly maxNodes?: number;
  /** Overrides the machine type's. */
  readonly slowness?: number;
}

export interface ClusterParameters {
  /** `projects/P/locations/L/clusters/C`. */
  readonly name: string;
  readonly nodePools: readonly NodePoolParameters[];
  readonly namespaces: readonly string[];
  /** Most nodes per machine family (`a3`) in the region; a family that is not named has no limit. */
  readonly quotas: Readonly<Record<string, number>>;
  /** What carries the weights of adapters: rewrites of either group or both, or the models of older clusters. Default: `rewrites`. */
  readonly adapterKinds?: 'rewrites' | 'llm-d' | 'both' | 'models';
}

/** What lies where an adapter is said to come from. */
export interface AdapterSource {
  /** Nothing: loading answers 404. */
  readonly isAbsent?: boolean;
  /** Default: small enough for any server. */
  readonly rank?: number;
  /** Its modules are not the base model's: it loads, and answers are the base model's. */
  readonly hasNoEffect?: boolean;
  /** Its answers take so many times as long; default 1. What else the server does is not held up by it. */
  readonly slowness?: number;
}

/** What happens to the creation of a node pool of a machine type. */
export interface NodePoolFault {
  readonly machineType: string;
  readonly kind: 'stockout' | 'partial' | 'slow';
  /** How long the operation runs before it fails (stockout, partial) or is done (slow). */
  readonly afterMs: number;
  /** Nodes that come up all the same (partial). */
  readonly nodes?: number;
  /** Only the first so many attempts; default all. */
  readonly times?: number;
}

/** One kind of client. It knows only the gateway's address and never retries. */
export interface StreamParameters {
  readonly cluster: string;
  readonly host: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly requestsPerSecond: number;
  /** Part of the requests that ask for a stream, 0 to 1. */
  readonly streamed: number;
  /** Names asked for with their parts; empty: the name that the servers have. */
  readonly models: Readonly<Record<string, number>>;
  readonly outputTokens: number;
}

export interface AlertPolicyParameters {
  /** `projects/P/alertPolicies/ID`. */
  readonly name: string;
  readonly displayName: string;
  /** Share of 5xx answers of a pool over `forMs`; null: fires by an act only. */
  readonly condition: {
    readonly cluster: string;
    readonly namespace: string;
    readonly pool: string;
    readonly ratioMax: number;
    readonly forMs: number;
    readonly samplesMin: number;
  } | null;
}

export interface GitOpsParameters {
  readonly cluster: string;
  /** The desired state: applied with force. */
  readonly object: KubeObject;
  readonly everyMs: number;
  readonly fromMs: number;
  readonly untilMs: number | null;
  readonly manager: string;
}

export interface ServingParameters {
  /** Median time to the first token on the reference machine, warm caches, light load. */
  readonly firstTokenMs: number;
  /** Time per output token on the reference machine. */
  readonly tokenMs: number;
  /** Requests that one server works on at once. */
  readonly concurrency: number;
  /** The first use of each kind of request on a fresh server takes this long, and all beside it waits. */
  readonly firstUseMs: number;
  /** How much longer the first token takes on an empty prefix cache, as a part of the median. */
  readonly coldCache: number;
  /** Context length of a server whose arguments name none. */
  readonly maxModelLen: number;
}

export interface StackParameters {
  readonly cluster: string;
  /** For objects that name none. */
  readonly namespace: string;
  readonly objects: readonly KubeObject[];
}

export interface WorldParameters {
  readonly seed: number;
  readonly startMs: number;
  readonly clusters: readonly ClusterParameters[];
  readonly machineTypes: Readonly<Record<string, MachineType>>;
  readonly durations: DurationRanges;
  readonly gateway: GatewayBehaviour;
  readonly serving: ServingParameters;
  /** By source or path; one that is not named here is sound. */
  readonly adapterSources: Readonly<Record<string, AdapterSource>>;
  /** Loaded before the world starts: pods ready, caches warm, routes programmed. */
  readonly stacks: readonly StackParameters[];
  readonly traffic: readonly StreamParameters[];
  readonly nodePoolFaults: readonly NodePoolFault[];
  readonly alertPolicies: readonly AlertPolicyParameters[];
  /** From what happens to what Cloud Monitoring shows. */
  readonly metricLagMs: number;
  readonly acts: readonly ScheduledAct[];
  readonly gitOps: readonly GitOpsParameters[];
  /** Longest stretch that traffic is computed in at one time; ten times as long while nobody looks. */
  readonly stepMs: number;
}

type StreamInput = Partial<StreamParameters>;

/** What a caller says; everything else has a default. */
export type WorldInput = Partial<
  Omit<WorldParameters, 'durations' | 'gateway' | 'serving' | 'traffic' | 'stacks'> & {
    readonly durations: Partial<DurationRanges>;
    readonly gateway: Partial<GatewayBehaviour>;
    readonly serving: Partial<ServingParameters>;
    readonly traffic: readonly StreamInput[];
    readonly stacks: readonly (Partial<StackParameters> & Pick<StackParameters, 'objects'>)[];
    /** Beside the default ones of the first cluster. */
    readonly extraNodePools: readonly NodePoolParameters[];
  }
>;
