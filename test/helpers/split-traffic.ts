/**
 * Two sides under load, for statistics about gates: Poisson arrivals per pod and tick, each request answered after a
 * fixed time, seeded. Knows nothing of the product but the shape of a look.
 */
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import type { Look, PodObservation, Side } from '../../workflows/steps/observation.ts';
import { counters, look, picker, pod } from './looks.ts';

export interface TrafficOptions {
  readonly seed: number;
  readonly tickMs: number;
  readonly requestsPerSecond: number;
  readonly sharePercent: number;
  readonly pods: number;
  readonly serviceMs: number;
  /** Proportion of requests that fail on either side without any fault. */
  readonly failing: number;
}

interface SimPod {
  readonly side: Side;
  readonly name: string;
  requests: number;
  failures: number;
  running: number;
  restarts: number;
  /** No HTTP answer, and nothing gets done. */
  isHanging: boolean;
  isReady: boolean;
  /** Arrivals of the last ticks, as long as a request takes. */
  readonly inFlight: number[];
}

interface Traffic {
  nowMs: number;
  readonly pods: SimPod[];
  /** Share that the gateway really gives to the new side; 0 when its picker is gone. */
  sharePercent: number;
  /** Proportion of the new side's requests that fail at once. */
  newFailing: number;
  firstFailureMs: number | null;
  isPickerServing: boolean;
}

/** Cumulative distribution of a Poisson variable, to be inverted: one random number per draw. */
const poissonTable = (mean: number): readonly number[] => {
  const table: number[] = [];
  let term = Math.exp(-mean);
  let sum = term;
  for (let k = 1; sum < 1 - 1e-12 && k < 2000; k += 1) {
    table.push(sum);
    term *= mean / k;
    sum += term;
  }
  return table;
};

export const createTraffic = (options: TrafficOptions) => {
  const rng = xoroshiro128plus(options.seed);
  const tables = new Map<number, readonly number[]>();
  const poisson = (mean: number): number => {
    if (mean <= 0) return 0;
    let table = tables.get(mean);
    if (table === undefined) tables.set(mean, (table = poissonTable(mean)));
    const draw = uniformFloat64(rng);
    let k = 0;
    while (k < table.length && draw > (table[k] ?? 1)) k += 1;
    return k;
  };
  const binomial = (n: number, p: number): number => {
    let hits = 0;
    for (let index = 0; index < n; index += 1) if (uniformFloat64(rng) < p) hits += 1;
    return hits;
  };
  const pods: SimPod[] = [];
  for (const side of ['old', 'new'] as const)
    for (let index = 0; index < options.pods; index += 1)
      pods.push({
        side,
        name: String(index),
        requests: 0,
        failures: 0,
        running: 0,
        restarts: 0,
        isHanging: false,
        isReady: true,
        inFlight: [],
      });
  const traffic: Traffic = {
    nowMs: 0,
    pods,
    sharePercent: options.sharePercent,
    newFailing: 0,
    firstFailureMs: null,
    isPickerServing: true,
  };
  const ticksInFlight = Math.max(1, Math.round(options.serviceMs / options.tickMs));

  const serve = (one: SimPod, arrived: number): void => {
    const failedAtOnce =
      one.side === 'new' && traffic.newFailing > 0 ? binomial(arrived, traffic.newFailing) : 0;
    if (failedAtOnce > 0) {
      traffic.firstFailureMs ??= traffic.nowMs;
      one.requests += failedAtOnce;
      one.failures += failedAtOnce;
    }
    one.inFlight.push(arrived - failedAtOnce);
    one.running += arrived - failedAtOnce;
    if (one.isHanging || one.inFlight.length <= ticksInFlight) return;
    const done = one.inFlight.shift() ?? 0;
    one.running -= done;
    one.requests += done;
    if (options.failing > 0 && done > 0) one.failures += Math.min(done, poisson(done * options.failing));
  };

  /** One tick of load: what was sent to a side without a serving pod is lost, and counted nowhere. */
  const tick = (): void => {
    traffic.nowMs += options.tickMs;
    for (const side of ['old', 'new'] as const) {
      const share = side === 'new' ? traffic.sharePercent : 100 - options.sharePercent;
      if (side === 'new' && !traffic.isPickerServing) {
        for (const one of pods) if (one.side === 'new') serve(one, 0);
        continue;
      }
      const ready = pods.filter((one) => one.side === side && one.isReady);
      const mean = (options.requestsPerSecond * options.tickMs * share) / 100_000 / Math.max(1, ready.length);
      for (const one of ready) serve(one, poisson(mean));
    }
  };

  /** The process is gone, with all that it ran; `backReady` as the kubelet sees it afterwards. */
  const restart = (one: SimPod): void => {
    one.restarts += 1;
    one.requests = 0;
    one.failures = 0;
    one.running = 0;
    one.inFlight.length = 0;
  };

  const observe = (atMs: number): Look => {
    const observed: PodObservation[] = pods.map((one) =>
      pod(one.side, one.name, {
        ready: one.isReady,
        restarts: one.restarts,
        answered: !one.isHanging,
        counters: one.isHanging
          ? null
          : counters({ requests: one.requests, failures5xx: one.failures, running: one.running }),
      }),
    );
    return look(atMs, observed, [picker('old'), picker('new', { ready: traffic.isPickerServing })]);
  };

  return { traffic, tick, restart, observe, random: () => uniformFloat64(rng) };
};
