import type {
  Look,
  PickerObservation,
  PodCounters,
  PodObservation,
  Side,
} from '../../workflows/steps/observation.ts';

/** Counters of a pod that has done nothing yet, but for what is given. */
export const counters = (given: Partial<PodCounters> = {}): PodCounters => ({
  requests: 0,
  failures5xx: 0,
  failures4xx: 0,
  streamErrors: 0,
  running: 0,
  waiting: 0,
  ttft: null,
  ...given,
});

/** A ready pod that answers, but for what is given. Its uid is `side/name`. */
export const pod = (side: Side, name: string, given: Partial<PodObservation> = {}): PodObservation => ({
  uid: `${side}/${name}`,
  name,
  side,
  ready: true,
  terminating: false,
  restarts: 0,
  answered: true,
  counters: counters(),
  ...given,
});

export const picker = (side: Side, given: Partial<PickerObservation> = {}): PickerObservation => ({
  uid: `${side}/picker`,
  name: `${side}-picker`,
  side,
  ready: true,
  answered: null,
  ...given,
});

export const look = (
  atMs: number,
  pods: readonly PodObservation[],
  pickers: readonly PickerObservation[] = [],
): Look => ({ atMs, pods, pickers });
