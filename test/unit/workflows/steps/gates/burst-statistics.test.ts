import { describe, expect, test } from 'vitest';
import { type BurstState, createBurst, lookAt } from '../../../../../workflows/steps/gates/burst.ts';
import type { Tripped } from '../../../../../workflows/steps/gates/tripped.ts';
import { createTraffic, type TrafficOptions } from '../../../../helpers/split-traffic.ts';

const WAKE_EVERY_MS = 60_000;
const WAKE_BUDGET_MS = 75_000;
const CALM_MS = 5000;
const SUSPICIOUS_MS = 2000;
/** A list and a scrape at 0.1 s each. */
const CALLS_MS = 200;
const SCRAPE_TIMEOUT_MS = 3000;

type Simulation = ReturnType<typeof createTraffic>;

interface Wake {
  readonly endsAtMs: number;
  nextLookMs: number;
  state: BurstState;
}

const median = (values: readonly number[]): number =>
  [...values].sort((one, other) => one - other)[Math.floor(values.length / 2)] ?? Number.NaN;
const quantile = (values: readonly number[], q: number): number =>
  [...values].sort((one, other) => one - other)[Math.floor((values.length - 1) * q)] ?? Number.NaN;
const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;

/** Runs wakes over a simulation until one notices or the time is up. A look takes as long as its calls do. */
const runWakes = (
  simulation: Simulation,
  run: {
    readonly untilMs: number;
    readonly wakePhaseMs: number;
    readonly tickMs: number;
    readonly sharePercent: number;
    readonly carried?: boolean;
  },
  onTick: (nowMs: number) => void,
): { readonly notice: Tripped; readonly atMs: number } | null => {
  const { traffic } = simulation;
  let wakes: Wake[] = [];
  let nextWakeMs = run.wakePhaseMs;
  while (traffic.nowMs < run.untilMs) {
    onTick(traffic.nowMs);
    simulation.tick();
    const nowMs = traffic.nowMs;
    if (nowMs >= nextWakeMs) {
      wakes = wakes.filter((wake) => wake.endsAtMs > nowMs);
      wakes.push({ endsAtMs: nextWakeMs + WAKE_BUDGET_MS, nextLookMs: nowMs, state: createBurst() });
      nextWakeMs += WAKE_EVERY_MS;
    }
    for (const wake of wakes) {
      if (nowMs < wake.nextLookMs || nowMs >= wake.endsAtMs) continue;
      const look = simulation.observe(nowMs);
      const isSlow = look.pods.some((pod) => !pod.answered);
      const result = lookAt(wake.state, look, {
        sharePercent: run.sharePercent,
        confirmedAtMs: 0,
        ...(run.carried === undefined ? {} : { carried: run.carried }),
      });
      wake.state = result.state;
      const tookMs = isSlow ? SCRAPE_TIMEOUT_MS : CALLS_MS;
      if (result.notice !== null) return { notice: result.notice, atMs: nowMs + tookMs };
      wake.nextLookMs = nowMs + tookMs + (result.suspicious ? SUSPICIOUS_MS : CALM_MS);
    }
  }
  return null;
};

const LOAD: TrafficOptions = {
  seed: 1,
  tickMs: 100,
  requestsPerSecond: 40,
  sharePercent: 25,
  pods: 3,
  serviceMs: 3000,
  failing: 0.002,
};

type Fault = (simulation: Simulation) => void;

const newPods = (simulation: Simulation) => simulation.traffic.pods.filter((pod) => pod.side === 'new');

/** Time from the fault (or from the first failed request) to the notice, over seeds and phases of the wakes. */
const detect = (load: Partial<TrafficOptions>, fault: Fault, runs: number) => {
  const latencies: number[] = [];
  const gates = new Map<string, number>();
  let missed = 0;
  for (let seed = 1; seed <= runs; seed += 1) {
    const options = { ...LOAD, ...load, seed };
    const simulation = createTraffic(options);
    const faultMs = 150_000 + ((seed * 7919) % WAKE_EVERY_MS);
    let struckMs: number | null = null;
    const found = runWakes(
      simulation,
      {
        untilMs: faultMs + 60_000,
        wakePhaseMs: 1000,
        tickMs: options.tickMs,
        sharePercent: options.sharePercent,
        carried: true,
      },
      (nowMs) => {
        if (struckMs !== null || nowMs < faultMs) return;
        struckMs = nowMs;
        fault(simulation);
      },
    );
    if (found === null || struckMs === null) missed += 1;
    else {
      latencies.push(found.atMs - (simulation.traffic.firstFailureMs ?? struckMs));
      gates.set(found.notice.gate, (gates.get(found.notice.gate) ?? 0) + 1);
    }
  }
  return { latencies, missed, gates: Object.fromEntries(gates) };
};

const report = (what: string, found: ReturnType<typeof detect>): void => {
  console.log(
    `${what}: median ${seconds(median(found.latencies))}, p95 ${seconds(quantile(found.latencies, 0.95))}, worst ${seconds(Math.max(...found.latencies))}, n ${String(found.latencies.length)}, missed ${String(found.missed)}, by ${JSON.stringify(found.gates)}`,
  );
};

describe('what a wake notices, over all phases of its looks', () => {
  test.each([
    ['20 requests a second', { requestsPerSecond: 20 }],
    ['40 requests a second', { requestsPerSecond: 40 }],
    ['150 requests a second', { requestsPerSecond: 150 }],
  ])('half of the new side failing at a share of 25, %s: noticed within 13 s by the median', (name, load) => {
    const found = detect(
      load,
      (simulation) => {
        simulation.traffic.newFailing = 0.5;
      },
      300,
    );
    report(`half failing, ${name}`, found);
    expect(found.missed).toBe(0);
    expect(Object.keys(found.gates)).toEqual(['errors.fast']);
    expect(median(found.latencies)).toBeLessThanOrEqual(13_000);
    expect(quantile(found.latencies, 0.95)).toBeLessThanOrEqual(15_000);
  });

  const FAULTS: readonly (readonly [string, Fault, readonly string[]])[] = [
    [
      'every server killed and not ready since',
      (simulation) => {
        for (const pod of newPods(simulation)) {
          simulation.restart(pod);
          pod.isHanging = true;
          pod.isReady = false;
        }
      },
      ['unanswered'],
    ],
    [
      'every server hanging',
      (simulation) => {
        for (const pod of newPods(simulation)) pod.isHanging = true;
      },
      ['unanswered'],
    ],
    [
      'the picker gone and not ready',
      (simulation) => {
        simulation.traffic.isPickerServing = false;
      },
      ['unanswered'],
    ],
    [
      'nothing arriving while everything answers',
      (simulation) => {
        simulation.traffic.sharePercent = 0;
      },
      ['split'],
    ],
  ];

  test.each(FAULTS)('%s: noticed within 15 s', (name, fault, gates) => {
    for (const requestsPerSecond of [20, 40, 150]) {
      const found = detect({ requestsPerSecond }, fault, 120);
      report(`${name}, ${String(requestsPerSecond)}/s`, found);
      expect(found.missed).toBe(0);
      expect(Object.keys(found.gates)).toEqual(gates);
      expect(median(found.latencies)).toBeLessThanOrEqual(15_000);
    }
  });
});

/** Hours of looks by one wake after another; every notice is a false alarm. */
const falseAlarms = (
  load: Partial<TrafficOptions>,
  hours: number,
  disturb: (simulation: Simulation, nowMs: number) => void = () => undefined,
): { readonly alarms: readonly string[]; readonly looks: number; readonly suspicious: number } => {
  const options = { ...LOAD, tickMs: 1000, ...load };
  const simulation = createTraffic(options);
  const alarms: string[] = [];
  let looks = 0;
  let suspiciousLooks = 0;
  let state = createBurst();
  let nextLookMs = 0;
  let wakeEndsMs = WAKE_BUDGET_MS;
  const untilMs = hours * 3_600_000;
  while (simulation.traffic.nowMs < untilMs) {
    simulation.tick();
    const nowMs = simulation.traffic.nowMs;
    disturb(simulation, nowMs);
    if (nowMs < nextLookMs) continue;
    if (nowMs >= wakeEndsMs) {
      state = createBurst();
      wakeEndsMs = nowMs + WAKE_BUDGET_MS;
    }
    const result = lookAt(state, simulation.observe(nowMs), {
      sharePercent: options.sharePercent,
      confirmedAtMs: 0,
      carried: true,
    });
    state = result.state;
    looks += 1;
    if (result.suspicious) suspiciousLooks += 1;
    if (result.notice !== null) alarms.push(result.notice.sentence);
    nextLookMs = nowMs + (result.suspicious ? SUSPICIOUS_MS : CALM_MS);
  }
  return { alarms, looks, suspicious: suspiciousLooks };
};

describe('what a wake must not notice', () => {
  test.each([
    ['20/s at 25 %', { requestsPerSecond: 20, sharePercent: 25 }, 200],
    ['20/s at 1 %', { requestsPerSecond: 20, sharePercent: 1 }, 50],
    ['20/s at 5 %', { requestsPerSecond: 20, sharePercent: 5 }, 50],
    ['20/s at 50 %', { requestsPerSecond: 20, sharePercent: 50 }, 50],
    ['150/s at 25 %', { requestsPerSecond: 150, sharePercent: 25 }, 50],
    [
      '20/s at 25 %, one request in fifty failing on both sides',
      { requestsPerSecond: 20, failing: 0.02 },
      50,
    ],
  ])('healthy traffic, %s', (name, load, hours) => {
    const seen = falseAlarms({ ...load, seed: 20_261 }, hours);
    console.log(
      `healthy ${name}: ${String(hours)} h, ${String(seen.looks)} looks, ${String(seen.suspicious)} suspicious, ${String(seen.alarms.length)} false alarms`,
    );
    expect(seen.alarms).toEqual([]);
  });

  test.each([
    [20, 3000],
    [20, 30_000],
    [150, 3000],
    [150, 30_000],
  ])(
    'one of three new servers dying every five minutes at %i/s, requests of %i ms',
    (requestsPerSecond, serviceMs) => {
      let deaths = 0;
      let lost = 0;
      const seen = falseAlarms(
        { requestsPerSecond, serviceMs, sharePercent: 25, seed: requestsPerSecond + serviceMs },
        20,
        (simulation, nowMs) => {
          const phase = nowMs % 300_000;
          const victim = newPods(simulation)[Math.floor(nowMs / 300_000) % 3];
          if (victim === undefined || nowMs < 300_000) return;
          if (phase === 100_000) {
            deaths += 1;
            lost += victim.running;
            simulation.restart(victim);
            victim.isHanging = true;
          }
          // The kubelet takes it out of rotation, and puts it back a minute later.
          if (phase === 102_000) victim.isReady = false;
          if (phase === 160_000) {
            victim.isHanging = false;
            victim.isReady = true;
          }
        },
      );
      console.log(
        `one of three dying, ${String(requestsPerSecond)}/s, requests of ${String(serviceMs)} ms: ${String(deaths)} deaths, ${(lost / deaths).toFixed(0)} lost each, ${String(seen.alarms.length)} false alarms`,
      );
      expect(deaths).toBeGreaterThan(200);
      expect(seen.alarms).toEqual([]);
    },
  );

  test('one of three new servers hanging for a minute', () => {
    let hangs = 0;
    const seen = falseAlarms(
      { requestsPerSecond: 40, sharePercent: 25, seed: 5 },
      20,
      (simulation, nowMs) => {
        const victim = newPods(simulation)[0];
        if (victim === undefined || nowMs < 300_000) return;
        if (nowMs % 300_000 === 0) {
          hangs += 1;
          victim.isHanging = true;
        }
        if (nowMs % 300_000 === 60_000) victim.isHanging = false;
      },
    );
    console.log(
      `one of three hanging for 60 s: ${String(hangs)} hangs, ${String(seen.alarms.length)} false alarms`,
    );
    expect(hangs).toBeGreaterThan(200);
    expect(seen.alarms).toEqual([]);
  });
});
