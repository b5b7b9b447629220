/** What a look sees of the two sides. Counters are absolute, as the servers report them; nothing is judged here. */

export type Side = 'old' | 'new';

/** Counters of one model-server pod. A pod that did not answer has `counters: null`. */
export interface PodCounters {
  /** Finished HTTP requests on the OpenAI paths, all status codes. */
  readonly requests: number;
  /** Of these, 5xx. */
  readonly failures5xx: number;
  readonly failures4xx: number;
  /** `vllm:request_success_total` with `finished_reason="error"`: streams that ended in an error object. */
  readonly streamErrors: number;
  readonly running: number;
  readonly waiting: number;
  /** Time to first token: cumulative counts per upper edge in seconds, ascending, and all of them. null when not asked for. */
  readonly ttft: {
    readonly edges: readonly number[];
    readonly cumulative: readonly number[];
    readonly count: number;
  } | null;
  /** Adapters in use, where the server tells: those that run, those that wait for a slot, and the slots. */
  readonly loras?: { readonly running: number; readonly waiting: number; readonly max: number };
}

export interface PodObservation {
  readonly uid: string;
  readonly name: string;
  readonly side: Side;
  /** Ready condition is True and no deletionTimestamp. */
  readonly ready: boolean;
  readonly terminating: boolean;
  readonly restarts: number;
  /** Any HTTP status from the pod itself within the time-out. */
  readonly answered: boolean;
  readonly counters: PodCounters | null;
}

/** Answers to requests for an adapter's alias, by the target they were sent to; since the picker's process began. */
export interface TargetDurations {
  /** `token`: seconds of an answer over its output tokens. `request`: of the whole answer. */
  readonly per: 'token' | 'request';
  readonly old: DurationCounter;
  readonly new: DurationCounter;
}

export interface DurationCounter {
  readonly count: number;
  readonly sumSeconds: number;
}

export interface PickerObservation {
  readonly uid: string;
  readonly name: string;
  readonly side: Side;
  readonly ready: boolean;
  /** null where its port cannot be asked: then `ready` stands in. */
  readonly answered: boolean | null;
  /** Once a minute in rollouts of an adapter, where its counters can be read. */
  readonly targets?: TargetDurations;
}

/** One short completion by a pod, in rollouts of an adapter. */
export interface ProbeObservation {
  readonly uid: string;
  readonly pod: string;
  /** Which version was asked for by its own name. */
  readonly target: Side;
  /** HTTP status; null: no answer. */
  readonly status: number | null;
}

/** One look at both sides. In a rollout of an adapter both are the same pods: all count as the new side's. */
export interface Look {
  readonly atMs: number;
  readonly pods: readonly PodObservation[];
  readonly pickers: readonly PickerObservation[];
  /** Only in rollouts of an adapter. */
  readonly probes?: readonly ProbeObservation[];
}
