/**
 * Users at the gateway's address through a whole rollout over real protocols: a process of its own sends them, the world
 * answers by the weights that its gateway has programmed, and none of them may notice anything.
 */
import { describe, expect, test } from 'vitest';
import type { DemoWatcher } from '../../local/demo-watch.ts';
import type { WorldHost } from '../../simulator/servers/world-host.ts';
import { liveRun } from './live-run.ts';
import { type RunningLoad, startLoad } from './load.ts';
import type { LoadReport } from './load-child.ts';

/** A little more than the 150 that must be reached. */
const REQUESTS_PER_SECOND = 180;
const LEAST_PER_SECOND = 150;
const OLD = 'llm';
const NEW = 'llm-new';

/** A share that the gateway obeys, from when on; both ends by the wall, since 1970. */
interface Stretch {
  readonly sharePercent: number;
  readonly fromMs: number;
  untilMs: number;
}

/** Hears of each frame which share the gateway has programmed. */
class Stretches {
  readonly all: Stretch[] = [];

  hear(sharePercent: number | null): void {
    const nowMs = Date.now();
    const last = this.all.at(-1);
    if (last?.sharePercent === sharePercent) last.untilMs = nowMs;
    else if (sharePercent !== null) this.all.push({ sharePercent, fromMs: nowMs, untilMs: nowMs });
  }
}

/** Beside each end of a stretch, when a request may have been on its way and a frame came late. */
const MARGIN_MS = 400;

interface Part {
  readonly share: number;
  readonly answered: number;
  readonly onNew: number;
}

const partOf = ({ slices }: LoadReport, { sharePercent, fromMs, untilMs }: Stretch): Part => {
  const within = slices.filter(
    (slice) => slice.fromMs > fromMs + MARGIN_MS && slice.fromMs < untilMs - MARGIN_MS,
  );
  const sum = (pool: string): number => within.reduce((total, { byPool }) => total + (byPool[pool] ?? 0), 0);
  return { share: sharePercent, answered: sum(OLD) + sum(NEW), onNew: sum(NEW) };
};

/** Five standard deviations of a drawn share, and one request. */
const isNear = ({ share, answered, onNew }: Part): boolean => {
  const part = share / 100;
  return Math.abs(onNew - part * answered) <= 5 * Math.sqrt(answered * part * (1 - part)) + 1;
};

describe('through a whole node update at sixty times the wall’s pace', () => {
  test('no user of the gateway’s address sees a failure, and their requests follow the rungs', async () => {
    const stretches = new Stretches();
    const loads: RunningLoad[] = [];
    const reports: LoadReport[] = [];
    let atGateway = 0;
    let world: WorldHost | null = null;
    const startedMs = Date.now();
    const watcher: DemoWatcher = {
      onFrame: async ({ programmedPercent }) => {
        stretches.hear(programmedPercent);
        return 0;
      },
    };
    const run = await liveRun({
      scenario: 'node-update',
      // Tripwires and judges need more than the wall's 180 a second, which are 3 in the world's time.
      requestsPerSecond: 150,
      watcher,
      onUp: ({ host }) => {
        world = host;
        const [gateway] = host.gateways;
        if (gateway === undefined) throw new Error('the world has no gateway');
        loads.push(
          startLoad({
            address: gateway.address,
            host: 'llm.example.com',
            path: '/v1/completions',
            model: 'llama-3.3-70b',
            requestsPerSecond: REQUESTS_PER_SECOND,
          }),
        );
      },
      beforeDown: async () => {
        for (const load of loads) reports.push(await load.end());
        atGateway = world?.requests()['gateway'] ?? 0;
      },
    });
    const [report] = reports;
    if (report === undefined) throw new Error('nobody sent anything');
    const perSecond = report.sent / (report.tookMs / 1000);
    const parts = stretches.all
      .map((stretch) => partOf(report, stretch))
      .filter(({ answered }) => answered > 0);
    const told = parts.map(({ share, answered, onNew }) => `${share} %: ${onNew} of ${answered}`);
    console.log(
      `gateway load: ${report.sent} sent (${report.streamed} streamed) in ${(report.tookMs / 1000).toFixed(0)} s, ` +
        `${perSecond.toFixed(0)} a second, ${report.failed} failed, ${report.byPool[OLD]} by the old side, ` +
        `${report.byPool[NEW]} by the new, ${report.pods.length} pods, ` +
        `slowest ${report.slowest.ms.toFixed(0)} ms (${report.slowest.streamed ? 'stream' : 'plain'}, ${report.slowest.pod}, ${((report.slowest.sentAtMs - startedMs) / 1000).toFixed(0)} s after the start); ` +
        `new side by share: ${told.join(', ')}`,
    );
    expect({ outcome: run.result.outcome, shares: run.result.shares }).toEqual({
      outcome: 'promoted',
      shares: [0, 1, 5, 25, 50, 100],
    });
    expect({ failures: report.failures, failed: report.failed }).toEqual({ failures: [], failed: 0 });
    expect(run.result.requests.failed).toBe(0);
    expect(perSecond).toBeGreaterThanOrEqual(LEAST_PER_SECOND);
    expect(Object.keys(report.byPool).toSorted()).toEqual([OLD, NEW]);
    // Every request reached the world as one, and none of them twice.
    expect(atGateway).toBe(report.sent);
    expect([...new Set(parts.map(({ share }) => share))]).toEqual([0, 1, 5, 25, 50, 100]);
    expect(parts.filter((part) => !isNear(part))).toEqual([]);
  }, 300_000);
});
