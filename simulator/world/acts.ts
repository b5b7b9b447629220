import type { JsonPatch, KubeObject, KubeResource } from '../../workflows/kubernetes.ts';
import type { GatewayBehaviour } from './parameters.ts';

/** Which model servers (or pickers) of a pool. */
export interface SideTarget {
  /** Default: the first cluster. */
  readonly cluster?: string;
  /** Default: `default`. */
  readonly namespace?: string;
  readonly pool: string;
  /** How many of its pods, the oldest first; default all. */
  readonly pods?: number;
}

/** Something that happens to the world, or that a person does in it. */
export type Act =
  /** SIGKILL of the servers' processes: the kubelet restarts the containers, which load their model again. */
  | { readonly kind: 'serverKilled'; readonly target: SideTarget; readonly reason?: 'Error' | 'OOMKilled' }
  /** The picker's process dies and stays away. */
  | { readonly kind: 'pickerKilled'; readonly target: SideTarget; readonly forMs?: number }
  /** The pods are deleted and their servers get SIGTERM at once, without the preStop sleep: in mid-stream. */
  | { readonly kind: 'serverTerminated'; readonly target: SideTarget }
  /** No answer to anything; what waits is served late afterwards. */
  | { readonly kind: 'serverHangs'; readonly target: SideTarget; readonly forMs: number }
  /** A share of the requests (0 to 1) fails: with status 500, or as a stream that ends in an error object. */
  | {
      readonly kind: 'requestsFail';
      readonly target: SideTarget;
      readonly share: number;
      readonly as?: '500' | 'streamError';
      readonly forMs?: number;
    }
  /** Everything takes `factor` times as long. */
  | {
      readonly kind: 'podsSlow';
      readonly target: SideTarget;
      readonly factor: number;
      readonly forMs?: number;
    }
  /** `/metrics` of the servers answers 500, or nothing, while they serve. */
  | {
      readonly kind: 'metricsMissing';
      readonly target: SideTarget;
      readonly as: '500' | 'silent';
      readonly forMs?: number;
    }
  /** The servers' counters begin at 0 again, and no restart shows. */
  | { readonly kind: 'countersReset'; readonly target: SideTarget }
  /**
   * A LoRA adapter is not there on these servers, now or once somebody wants it loaded: `absent` answers 404 to its name,
   * whatever the syncer does; `silent` lists it and answers with the base model. With `forMs` it is loaded after that time.
   */
  | {
      readonly kind: 'adapterMissing';
      readonly target: SideTarget;
      readonly adapter: string;
      readonly as: 'absent' | 'silent';
      readonly forMs?: number;
    }
  /**
   * Nobody can load an adapter on these servers, and on those that come up later where all of a pool are meant: its source
   * is not there, or its rank is too high. What is loaded stays.
   */
  | {
      readonly kind: 'syncerFails';
      readonly target: SideTarget;
      readonly adapter: string;
      readonly as: 'absent' | 'rank';
      readonly forMs?: number;
    }
  /** Somebody unloads an adapter by hand; the syncer loads it again if it is to. */
  | { readonly kind: 'adapterUnloaded'; readonly target: SideTarget; readonly adapter: string }
  /** The servers die again and again: each as soon as it is up. */
  | { readonly kind: 'crashLoop'; readonly target: SideTarget; readonly forMs: number }
  /** `kubectl delete pod`: grace period, preStop and all. */
  | { readonly kind: 'podsDeleted'; readonly target: SideTarget }
  /** An autoscaler or a person scales a Deployment. */
  | {
      readonly kind: 'deploymentScaled';
      readonly cluster?: string;
      readonly namespace?: string;
      readonly name: string;
      readonly replicas: number;
      readonly by?: string;
    }
  /** `kubectl edit httproute`: the weights of the named pools in all rules. */
  | {
      readonly kind: 'weightsEdited';
      readonly cluster?: string;
      readonly namespace?: string;
      readonly route: string;
      readonly weights: Readonly<Record<string, number>>;
      readonly by?: string;
    }
  /** `kubectl edit` of what gives a name its targets in a pool: these and no others, with these weights. */
  | {
      readonly kind: 'targetsEdited';
      readonly cluster?: string;
      readonly namespace?: string;
      readonly pool: string;
      readonly asked: string;
      readonly weights: Readonly<Record<string, number>>;
      readonly by?: string;
    }
  /** `kubectl edit` of the adapter syncer's ConfigMap. */
  | {
      readonly kind: 'syncerEdited';
      readonly cluster?: string;
      readonly namespace?: string;
      readonly configMap: string;
      /** Default: `configmap.yaml`. */
      readonly key?: string;
      readonly add?: { readonly id: string; readonly source: string };
      readonly remove?: string;
      readonly by?: string;
    }
  /** Deleted, and created again with the same content (another uid) when `again`. */
  | {
      readonly kind: 'routeDeleted';
      readonly cluster?: string;
      readonly namespace?: string;
      readonly route: string;
      readonly again?: boolean;
    }
  /** The fence on a route: taken away, a higher one of the same rollout, or somebody else's. Nothing where there is none. */
  | {
      readonly kind: 'fenceTouched';
      readonly cluster?: string;
      readonly namespace?: string;
      readonly route: string;
      /** Where the fence is; default HTTPRoute. An adapter's carrier has one for each name. */
      readonly resource?: KubeResource;
      readonly as: 'stripped' | 'raised' | 'foreign';
      readonly by?: string;
    }
  /** A controller that does not know the pool writes the route without its backendRef. */
  | {
      readonly kind: 'refPruned';
      readonly cluster?: string;
      readonly namespace?: string;
      readonly route: string;
      readonly pool: string;
      readonly by?: string;
    }
  /** Any JSON Patch. */
  | {
      readonly kind: 'patched';
      readonly cluster?: string;
      readonly resource: KubeResource;
      readonly namespace: string | null;
      readonly name: string;
      readonly patch: JsonPatch;
      readonly by?: string;
    }
  | {
      readonly kind: 'applied';
      readonly cluster?: string;
      readonly objects: readonly KubeObject[];
      readonly by?: string;
    }
  | {
      readonly kind: 'deleted';
      readonly cluster?: string;
      readonly resource: KubeResource;
      readonly namespace: string | null;
      readonly name: string;
      readonly by?: string;
    }
  /** Nodes vanish with everything on them (a reservation's end, a scale-down, a spot reclaim). */
  | {
      readonly kind: 'nodesRemoved';
      readonly cluster?: string;
      readonly nodePool: string;
      readonly nodes?: number;
    }
  /** A node upgrade: node after node is cordoned, its pods evicted one after the other, and a new machine takes its place. */
  | {
      readonly kind: 'nodesDrained';
      readonly cluster?: string;
      readonly nodePool: string;
      /** How many, the oldest first; default all. */
      readonly nodes?: number;
      /** Between two evictions. */
      readonly everyMs: number;
    }
  | {
      readonly kind: 'gatewayBehaves';
      readonly cluster?: string;
      readonly as: Partial<GatewayBehaviour>;
      /** After this time it behaves as before; default never. */
      readonly forMs?: number;
    }
  | { readonly kind: 'apiUnreachable'; readonly cluster?: string; readonly forMs: number }
  | {
      readonly kind: 'incidentOpened';
      readonly policy: string;
      readonly summary?: string;
      /** Closes by itself after this time; default stays open. */
      readonly forMs?: number;
      /** The notification is held back for this time. */
      readonly notifiedAfterMs?: number;
    }
  | { readonly kind: 'incidentClosed'; readonly policy: string }
  /** Somebody tries the notification channel of a project. */
  | { readonly kind: 'testNotification'; readonly project?: string }
  | {
      readonly kind: 'trafficChanged';
      readonly stream: number;
      readonly requestsPerSecond?: number;
      /** Names asked for, with their parts. */
      readonly models?: Readonly<Record<string, number>>;
    };

/** When an act happens, by virtual time or by what the gateway does; all conditions see ground truth. */
export type When =
  | { readonly afterMs: number }
  /**
   * The gateway has sent at least `percent` of a rule's traffic to the pool for `forMs` without a break; once. With
   * `rewritten`: the pool's pickers have made that part of a name's requests a target's; with `besides` of those alone that
   * are not some third target's.
   */
  | {
      readonly pool: string;
      readonly percent: number;
      readonly rewritten?: {
        readonly asked: string;
        readonly target: string;
        readonly besides?: string;
      };
      readonly forMs: number;
      readonly cluster?: string;
      readonly namespace?: string;
    };

export interface ScheduledAct {
  readonly when: When;
  readonly act: Act;
}
