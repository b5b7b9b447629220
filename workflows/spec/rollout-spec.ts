/**
 * A rollout file after validation: defaults filled in, durations in milliseconds, shares in percent.
 * The schema that makes it is schema.ts; the order of fields is the file's.
 */
import type { KubeObject } from '../kubernetes.ts';

export interface RungSpec {
  readonly sharePercent: number;
  readonly bakeMs: number;
  /** Asked before this share is set. */
  readonly approval: boolean;
}

export interface LatencyObjective {
  readonly overMs: number;
  /** Proportion, 0 to 1. */
  readonly atMost: number;
}

export interface WindowSpec {
  /** 1 = Monday … 7 = Sunday. */
  readonly days: readonly number[];
  /** Minutes after midnight, local to `timeZone`; `toMinute` 1440 is the end of the day; to < from runs over midnight. */
  readonly fromMinute: number;
  readonly toMinute: number;
  /** IANA name. */
  readonly timeZone: string;
}

/** One option in this version. */
export type CapacitySpec =
  | { readonly kind: 'onDemand'; readonly deadlineMs: number }
  | { readonly kind: 'reservation'; readonly reservation: string; readonly deadlineMs: number }
  | { readonly kind: 'spot'; readonly deadlineMs: number; readonly acceptExpiry: boolean }
  | { readonly kind: 'flexStart'; readonly deadlineMs: number; readonly acceptExpiry: boolean };

export type NodesSpec =
  /** Same nodes as the old side: nothing is added to the templates. */
  | { readonly kind: 'same' }
  /** An existing node pool. */
  | { readonly kind: 'nodePool'; readonly nodePool: string }
  /** Node labels that the new pods' templates select already. */
  | { readonly kind: 'selector'; readonly selector: Readonly<Record<string, string>> }
  | {
      readonly kind: 'create';
      readonly name: string;
      /** Existing node pool whose configuration is copied. */
      readonly like: string;
      readonly machineType: string | null;
      /** Total, not per zone. */
      readonly nodes: number;
      /** Empty: those of `like`. */
      readonly zones: readonly string[];
      readonly capacity: CapacitySpec;
      /** null: for ever. */
      readonly keepAfterFailureMs: number | null;
    };

export interface AdapterSpec {
  /** The name that clients ask for. */
  readonly alias: string;
  /** The version that serves it today, as the model servers know it. */
  readonly from: string;
  readonly to: {
    readonly name: string;
    readonly source: string;
    readonly load: 'syncer' | 'loaded';
  };
  /** `routes`: every pool that the old pool's HTTPRoutes reach; `one`: `from.pool` alone. */
  readonly pools: 'routes' | 'one';
}

export interface RolloutSpec {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly type: 'node' | 'baseModel' | 'adapter';
  readonly cluster: string;
  readonly namespace: string;
  readonly from: { readonly pool: string; readonly autoscaler: 'pin' | 'leave' };
  readonly to: {
    readonly pool: string;
    /** `manifests`: paths as written in the file; the objects travel beside the spec. */
    readonly source:
      | { readonly kind: 'existing' }
      | { readonly kind: 'manifests'; readonly paths: readonly string[] };
    /** null: as many as the old side has. */
    readonly replicas: number | null;
    readonly nodes: NodesSpec;
    /** baseModel only. */
    readonly model: {
      readonly id: string;
      readonly revision: string | null;
      readonly servedNames: readonly string[];
      readonly maxModelLen: number | null;
    } | null;
    /** baseModel only; every adapter of the old side needs a line. */
    readonly adapters: Readonly<Record<string, 'same' | 'drop'>>;
  };
  /** Type `adapter` only; `to` is then the same pool as `from`. */
  readonly adapter: AdapterSpec | null;
  readonly verify: {
    readonly warmUpRequests: number;
    readonly deadlineMs: number;
    readonly adapterEffect: 'required' | 'names' | 'off';
    readonly adapterPrompts: Readonly<Record<string, readonly string[]>>;
  };
  readonly ladder: readonly RungSpec[];
  readonly pacing: { readonly settleMs: number; readonly warmUpMs: number; readonly extendFactor: number };
  readonly objectives: { readonly errorRatio: number; readonly ttft: LatencyObjective | null };
  /** Gates switched off, by name. */
  readonly gatesOff: readonly string[];
  /** Minimum samples of the judges, by name, where the file tunes them. */
  readonly gateMinSamples: Readonly<Record<string, number>>;
  readonly alerts: {
    readonly policies: readonly { readonly name: string; readonly blames: 'new' }[];
    readonly holdWhileOpen: boolean;
  };
  readonly windows: readonly WindowSpec[];
  readonly approvals: { readonly notByStarter: boolean };
  readonly priorities: 'auto' | 'flip' | 'leave';
  readonly rollback: {
    readonly floorPercent: number;
    readonly onHoldForMs: number;
    /** Of an adapter: `rollback.after.newAdapter`. */
    readonly afterNewPodsMs: number;
    /** null: for ever. */
    readonly afterNodePoolMs: number | null;
  };
  /** `unload` is an adapter's `delete`. */
  readonly retention: { readonly oldMs: number; readonly retire: 'delete' | 'keep' | 'unload' };
  /** From the start to 100 %. */
  readonly deadlineMs: number;
  readonly acknowledge: readonly string[];
}

/** Objects of `source: manifests`, in the order of the files. */
export type Manifests = readonly KubeObject[];
