import { describe, expect, test } from 'vitest';
import { runCli } from '../../../cli/main.ts';
import { frameLines, statusLine } from '../../../cli/terminal/frame-lines.ts';
import { createPacer, speedOf } from '../../../cli/terminal/pacing.ts';
import { createPalette } from '../../../cli/terminal/palette.ts';
import type { DemoFrame } from '../../../local/demo-frame.ts';
import { readDemo } from '../../../local/demo-input.ts';
import { testIo } from '../../helpers/test-io.ts';

const SPEC = (() => {
  const read = readDemo({});
  if (read.kind === 'problems') throw new Error(JSON.stringify(read.problems));
  return read.value.rollout.spec;
})();

const NOW_MS = Date.UTC(2026, 2, 2, 9, 46, 10);

const FRAME: DemoFrame = {
  nowMs: NOW_MS,
  startedAtMs: NOW_MS - 36 * 60_000,
  rolloutId: 'llm-to-h200-1',
  starter: 'ana@example.com',
  spec: SPEC,
  state: 'shifting',
  step: 'baking',
  hold: null,
  ending: null,
  ladder: [
    { sharePercent: 5, approval: false },
    { sharePercent: 25, approval: true },
    { sharePercent: 100, approval: false },
  ],
  rung: 1,
  askedPercent: 25,
  programmedPercent: 25,
  measuredPercent: 24.62,
  clocks: {
    sharePercent: 25,
    writtenMs: NOW_MS - 208_000,
    programmedMs: NOW_MS - 192_000,
    measuredMs: null,
  },
  progress: { label: 'bake', doneMs: 192_000, ofMs: 900_000, extensions: 0 },
  sides: [
    {
      name: 'llm',
      ready: 3,
      pods: 3,
      pickerUp: true,
      load: 62.08,
      errorRatio: 0,
      slowRatio: 0.0265,
      samples: 20_000,
    },
    {
      name: 'llm-new',
      ready: 2,
      pods: 3,
      pickerUp: false,
      load: null,
      errorRatio: null,
      slowRatio: null,
      samples: 6841,
    },
  ],
  limits: { errorRatio: 0.01, ttft: { overMs: 1000, atMost: 0.05 } },
  requests: { total: 1_234_567, failed: 0 },
};

describe('the picture of a frame', () => {
  test('shows ladder, three clocks, bake, and both sides', () => {
    expect(frameLines(FRAME, createPalette(false), 120)).toEqual([
      '',
      'llm-to-h200-1   shifting · baking · rung 2 of 3   09:46:10 · 36m since ana@example.com started it',
      ' ladder    0%    5%   [25%*]   100%    * somebody is asked first',
      ' traffic  ██████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  asked 25 % · programmed 25 % · measured 24.6 % on the new side',
      '          written 09:42:42 · programmed 09:42:58 (+16s) · measured …',
      ' bake     █████████░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  3m12s of 15m · 6 841 samples',
      '',
      '          old llm               new llm-new',
      ' ready    3/3 · picker up       2/3 · no picker',
      ' load     62.1 per pod          —',
      ' errors   0.00 %                —                     limit 1.00 %',
      ' ttft>1s  2.65 %                —                     limit 5.00 %',
      ' requests 1 234 567 sent · 0 failed',
      '',
    ]);
  });

  test('fits the width of the terminal', () => {
    for (const columns of [90, 100, 120, 200])
      for (const line of frameLines(FRAME, createPalette(false), columns))
        expect(line.length).toBeLessThanOrEqual(Math.max(columns, 100));
  });

  test('says why it is held or goes back', () => {
    const hold = {
      id: 'h',
      reason: 'drift',
      sentence: 'weights were edited',
      sinceMs: 0,
      deadlineMs: 1,
      auto: false,
      driftSharePercent: 15,
      driftWhat: 'weights',
    } as const;
    const held = frameLines({ ...FRAME, hold }, createPalette(false), 120);
    expect([held[1]?.split(' · ')[0], held.at(-1)]).toEqual([
      'llm-to-h200-1   shifting, held',
      ' held     weights were edited',
    ]);
  });

  test('has as many lines whatever is known yet, so that it does not jump', () => {
    const bare: DemoFrame = {
      ...FRAME,
      rung: -1,
      ladder: [],
      clocks: null,
      progress: null,
      programmedPercent: null,
      measuredPercent: null,
      limits: { errorRatio: 0.01, ttft: null },
    };
    expect(frameLines(bare, createPalette(false), 120)).toHaveLength(
      frameLines(FRAME, createPalette(false), 120).length,
    );
  });

  test('is one line where nothing is redrawn', () => {
    expect(statusLine(FRAME)).toBe(
      '09:46:10  ████░░░░░░░░░░░░ asked 25 %, programmed 25 %, measured 24.6 % · bake 3m12s of 15m · old 3/3, 62 per pod, 0.00 % errors · new 2/3, — per pod, — errors',
    );
  });

  test('colour changes nothing but colour', () => {
    const coloured = frameLines(FRAME, createPalette(true), 120).join('\n');
    expect(coloured).toContain('\u001b[');
    // oxlint-disable-next-line no-control-regex -- that is what colours are made of
    expect(coloured.replaceAll(/\u001b\[\d+m/g, '')).toBe(
      frameLines(FRAME, createPalette(false), 120).join('\n'),
    );
  });
});

describe('pacing', () => {
  test('a long bake takes no longer than a short one', () => {
    const seconds = (ofMs: number): number =>
      ofMs / speedOf({ ...FRAME, progress: { label: 'bake', doneMs: 0, ofMs, extensions: 0 } }) / 1000;
    expect([seconds(600_000), seconds(3_600_000), seconds(86_400_000)]).toEqual([4.5, 4.5, 4.5]);
  });

  test('what happens to the traffic is slower than waiting', () => {
    const confirming = speedOf({ ...FRAME, step: 'confirming', progress: null });
    expect(confirming).toBeLessThan(speedOf({ ...FRAME, state: 'provisioning', progress: null }));
    expect(speedOf({ ...FRAME, state: 'rollingBack', step: 'confirming', progress: null })).toBeLessThan(
      confirming,
    );
  });

  test('after a minute nobody watches: the rest runs at once', async () => {
    const io = testIo();
    const pace = createPacer(io);
    expect(await pace(FRAME)).toBeLessThan(60_000);
    await io.sleep(60_000);
    expect(await pace(FRAME)).toBe(Number.POSITIVE_INFINITY);
  });

  test.each(['node-update', 'base-model', 'slow-hardware', 'alert', 'stockout', 'drift'])(
    '%s takes between 5 and 58 seconds of sleep in all',
    async (scenario) => {
      const io = testIo();
      expect(await runCli(['demo', '--virtual', '--scenario', scenario], io)).toBe(0);
      expect(io.sleptMs).toBeGreaterThan(5_000);
      expect(io.sleptMs).toBeLessThan(58_000);
    },
  );
});

describe('what a demo says where nothing is redrawn', () => {
  test('begins with the scenario, tells the journal, ends with a summary', async () => {
    const io = testIo();
    expect(await runCli(['demo', '--scenario', 'alert', '--fast'], io)).toBe(0);
    expect(io.errLines).toEqual([]);
    expect(io.outLines[0]).toBe(
      'sluice demo · alert   An incident of Cloud Monitoring opens while a quarter of the users is on the new side.',
    );
    const labels = io.outLines.slice(io.outLines.findIndex((line) => line.startsWith('ROLLED BACK')));
    expect(labels.map((line) => line.slice(0, 11).trim()).filter((label) => label !== '')).toEqual([
      'ROLLED BACK',
      'why',
      'shares',
      'requests',
      'samples',
      'alert',
      'created',
      'left',
      'journal',
      'so',
      'try next',
    ]);
    const text = labels.join('\n');
    expect(text).toContain('this scenario is meant to end like this: exit code 0');
    expect(text).toContain('gcloud container node-pools delete h200-llm-to-h200-1-1');
    expect(io.sleptMs).toBe(0);
  });
});
