import fc from 'fast-check';
import { uniformFloat64 } from 'pure-rand/distribution/uniformFloat64';
import { xoroshiro128plus } from 'pure-rand/generator/xoroshiro128plus';
import { describe, expect, test } from 'vitest';
import type { CellSums } from '../../../../../workflows/steps/cell-sums.ts';
import type { Evidence } from '../../../../../workflows/steps/evidence.ts';
import { emptyEvidence } from '../../../../../workflows/steps/evidence.ts';
import { type JudgeCall, judge } from '../../../../../workflows/steps/gates/judges.ts';

/** x of n spread evenly over ten cells: no bunches. */
const even = (x: number, n: number): CellSums => ({ cells: 10, x, n, pairs: 9, q: 0 });

const NONE = even(0, 0);

interface Given {
  readonly errors?: CellSums;
  readonly oldErrors?: CellSums;
  readonly ttft?: CellSums;
}

const evidence = (given: Given): Evidence => ({
  ...emptyEvidence(),
  new: { errors: given.errors ?? NONE, ttft: given.ttft ?? NONE },
  old: { errors: given.oldErrors ?? even(10, 10_000), ttft: NONE },
});

const call = (given: Given, more: Partial<JudgeCall> = {}): JudgeCall => ({
  gates: {
    tripwires: [],
    errors: { ratioMax: 0.01, samplesMin: 200 },
    ttft: { overMs: 2400, atMost: 0.05, edgeSeconds: 2.5, samplesMin: 300 },
  },
  judges: ['errors'],
  evidence: evidence(given),
  pools: { old: 'llm', new: 'llm-new' },
  windowMs: [0, 600_000],
  sharePercent: 25,
  ...more,
});

/** A limit that is never reached: only the comparison can fail. */
const LENIENT = { gates: { ...call({}).gates, errors: { ratioMax: 0.1, samplesMin: 200 } } };

const answer = (given: Given, more: Partial<JudgeCall> = {}): string =>
  judge(call(given, more))[0]?.answer ?? 'none';
const slow = (x: number, n: number): string => answer({ ttft: even(x, n) }, { judges: ['ttft.slo'] });

describe('errors', () => {
  test('a healthy rung, in words', () => {
    expect(judge(call({ errors: even(4, 2841) }))).toEqual([
      {
        gate: 'errors',
        answer: 'pass',
        windowMs: [0, 600_000],
        samples: 2841,
        newValue: 4 / 2841,
        oldValue: 0.001,
        limit: 0.01,
        sentence: 'errors on llm-new 0.14 % (4 of 2,841), limit 1 %: pass',
      },
    ]);
  });

  test.each([
    // P(X >= 7 | 200, 0.01) = 0.0043, P(X >= 6) = 0.016.
    ['6 of 200', even(6, 200), 'pass'],
    ['7 of 200', even(7, 200), 'fail'],
    ['199 requests', even(0, 199), 'inconclusive'],
    ['200 requests', even(0, 200), 'pass'],
    ['none at all', NONE, 'inconclusive'],
    ['too few, but broken', even(10, 50), 'fail'],
    ['one of one', { cells: 1, x: 1, n: 1, pairs: 0, q: 0 }, 'inconclusive'],
    ['over the limit within chance', even(22, 2000), 'pass'],
    ['over it beyond chance', even(32, 2000), 'fail'],
  ])('%s', (_name, errors, expected) => {
    expect(answer({ errors, oldErrors: even(100, 10_000) })).toBe(expected);
  });

  test('more than half a point above the old side, beyond chance, fails below the limit too', () => {
    const worse = { errors: even(40, 5000), oldErrors: even(5, 15_000) };
    expect(answer(worse)).toBe('pass');
    expect(answer({ ...worse, errors: even(50, 5000) })).toBe('fail');
    expect(judge(call({ ...worse, errors: even(50, 5000) }))[0]?.sentence).toBe(
      'errors on llm-new 1 % (50 of 5,000), limit 1 %: fail (llm has 0.03 % (5 of 15,000); at most 0.5 points more are allowed)',
    );
  });

  test('is relative only with 500 requests on each side and a tenth of the traffic on the old one', () => {
    const errors = even(60, 5000);
    expect(answer({ errors, oldErrors: even(0, 1500) })).toBe('fail');
    expect(answer({ errors: even(300, 5000), oldErrors: even(0, 500) }, LENIENT)).toBe('fail');
    expect(answer({ errors: even(300, 5000), oldErrors: even(0, 499) }, LENIENT)).toBe('pass');
    expect(answer({ errors, oldErrors: even(0, 15_000) }, { sharePercent: 90 })).toBe('fail');
    expect(answer({ errors, oldErrors: even(0, 15_000) }, { sharePercent: 90.1 })).toBe('pass');
    expect(answer({ errors: even(20, 499), oldErrors: even(0, 15_000) }, LENIENT)).toBe('pass');
    expect(answer({ errors: even(20, 500), oldErrors: even(0, 15_000) }, LENIENT)).toBe('fail');
  });

  test('no figures of an old side that carries traffic are no pass', () => {
    expect(answer({ errors: even(0, 5000), oldErrors: NONE })).toBe('inconclusive');
    expect(answer({ errors: even(0, 5000), oldErrors: NONE }, { sharePercent: 100 })).toBe('pass');
    expect(answer({ errors: even(500, 5000), oldErrors: NONE })).toBe('fail');
  });

  test('failures in one bunch weigh less than the same number spread out', () => {
    const spread = even(60, 4000);
    const bunch = { ...spread, q: 2 * 0.15 ** 2 * 200 };
    const old = { oldErrors: even(120, 8000) };
    expect(answer({ errors: spread, ...old })).toBe('fail');
    expect(answer({ errors: bunch, ...old })).toBe('inconclusive');
    expect(answer({ errors: { ...bunch, n: 8000 }, oldErrors: even(240, 16_000) })).toBe('pass');
  });
});

describe('ttft.slo', () => {
  test.each([
    [0, 299, 'inconclusive'],
    [0, 300, 'pass'],
    [15, 300, 'pass'],
    // P(X >= 24 | 300, 0.05) = 0.018, P(X >= 25) = 0.0099.
    [24, 300, 'pass'],
    [25, 300, 'fail'],
    [0, 0, 'inconclusive'],
    [200, 250, 'fail'],
    [540, 10_000, 'pass'],
    [560, 10_000, 'fail'],
  ])('%i of %i slower than the edge', (x, n, expected) => {
    expect(slow(x, n)).toBe(expected);
  });

  test('says at which edge', () => {
    expect(judge(call({ ttft: even(39, 1000) }, { judges: ['ttft.slo'] }))[0]?.sentence).toBe(
      'first token after more than 2.5 s on llm-new 3.9 % (39 of 1,000), limit 5 %: pass',
    );
    expect(judge(call({}, { judges: ['ttft.slo'] }))[0]?.sentence).toBe(
      'first token after more than 2.5 s on llm-new no answers, limit 5 %: inconclusive (fewer than 300 answers)',
    );
  });
});

describe('a rung', () => {
  test('hears its judges in the order of the plan, and never passes what nobody can judge', () => {
    const noTtft = { ...call({}).gates, ttft: null };
    const verdicts = judge(
      call({ errors: even(0, 1000), ttft: even(0, 1000) }, { judges: ['ttft.slo', 'itl', 'errors'] }),
    );
    expect(verdicts.map((one) => [one.gate, one.answer])).toEqual([
      ['ttft.slo', 'pass'],
      ['itl', 'inconclusive'],
      ['errors', 'pass'],
    ]);
    expect(answer({ ttft: even(0, 1000) }, { judges: ['ttft.slo'], gates: noTtft })).toBe('inconclusive');
    expect(judge(call({}, { judges: [] }))).toEqual([]);
  });

  const ORDER = { pass: 0, inconclusive: 1, fail: 2 } as const;
  const rank = (value: string): number =>
    value === 'pass' || value === 'fail' ? ORDER[value] : ORDER.inconclusive;

  test('one more failure never turns a fail into a pass', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 20_000 }), fc.nat(2000), (n, x) => {
        fc.pre(x < n);
        expect(rank(answer({ errors: even(x + 1, n) }))).toBeGreaterThanOrEqual(
          rank(answer({ errors: even(x, n) })),
        );
        expect(rank(slow(x + 1, n))).toBeGreaterThanOrEqual(rank(slow(x, n)));
      }),
    );
  });

  test('a verdict is a pass only with its minimum of samples', () => {
    fc.assert(
      fc.property(fc.nat(400), fc.nat(400), (n, x) => {
        const given = { errors: even(Math.min(x, n), n), ttft: even(Math.min(x, n), n) };
        const passed = judge(call(given, { judges: ['errors', 'ttft.slo'] }))
          .filter((verdict) => verdict.answer === 'pass')
          .map((verdict) => verdict.gate);
        expect(passed.includes('errors') && n < 200).toBe(false);
        expect(passed.includes('ttft.slo') && n < 300).toBe(false);
      }),
    );
  });
});

describe('chances over seeded rungs of 3 pods and 10 minutes', () => {
  /** Failures of one pod in one minute, Bernoulli by Bernoulli. */
  const rung = (
    seed: number,
    perCell: number,
    failing: (pod: number, minute: number) => number,
  ): CellSums => {
    const rng = xoroshiro128plus(seed);
    const sums = { cells: 0, x: 0, n: 0, pairs: 0, q: 0 };
    for (let pod = 0; pod < 3; pod += 1) {
      let before: number | null = null;
      for (let minute = 0; minute < 10; minute += 1) {
        let x = 0;
        for (let index = 0; index < perCell; index += 1)
          if (uniformFloat64(rng) < failing(pod, minute)) x += 1;
        sums.cells += 1;
        sums.x += x;
        sums.n += perCell;
        if (before !== null) {
          sums.pairs += 1;
          sums.q += (((x - before) / perCell) ** 2 * perCell) / 2;
        }
        before = x;
      }
    }
    return sums;
  };

  const failed = (perCell: number, failing: (pod: number, minute: number) => number, runs = 2000): number => {
    let fails = 0;
    for (let seed = 1; seed <= runs; seed += 1)
      if (answer({ errors: rung(seed, perCell, failing), oldErrors: even(1000, 100_000) }) === 'fail')
        fails += 1;
    return fails / runs;
  };

  test.each([
    ['half the limit', () => 0.005, 0, 0.001],
    ['just the limit', () => 0.01, 0, 0.015],
    ['three times the limit', () => 0.03, 0.99, 1],
    ['one pod of three at six times the limit', (pod: number) => (pod === 0 ? 0.06 : 0.001), 0.95, 1],
    [
      'one minute of one pod lost',
      (pod: number, minute: number) => (pod === 0 && minute === 5 ? 0.6 : 0.001),
      0,
      0.02,
    ],
  ] as const)('%s: the part of rungs that fail', (name, failing, from, to) => {
    const rate = failed(100, failing);
    console.log(
      `judge errors, ${name}, 3,000 requests a rung: ${(rate * 100).toFixed(1)} % of 2,000 rungs fail`,
    );
    expect(rate).toBeGreaterThanOrEqual(from);
    expect(rate).toBeLessThanOrEqual(to);
  });
});
