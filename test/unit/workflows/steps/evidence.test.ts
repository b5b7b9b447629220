import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type AbsorbOptions,
  absorb,
  type Evidence,
  emptyEvidence,
  restartRung,
} from '../../../../workflows/steps/evidence.ts';
import type { Look } from '../../../../workflows/steps/observation.ts';
import { TTFT_EDGES_VLLM } from '../../../../workflows/steps/pod-metrics.ts';
import { counters, look, picker, pod } from '../../../helpers/looks.ts';

const COUNTING: AbsorbOptions = { warmUpUntilMs: 0, counting: true, ttftEdgeSeconds: 1 };
const MINUTE = 60_000;

const feed = (
  looks: readonly Look[],
  options: AbsorbOptions = COUNTING,
  from = emptyEvidence(),
): Evidence => {
  let evidence = from;
  for (const one of looks) evidence = absorb(evidence, one, options);
  return evidence;
};

const ttft = (fast: number, count: number) => ({ edges: [0.5, 1, 2.5], cumulative: [0, fast, count], count });

/** One new pod over time: what it reports at each minute, null when it is gone. */
const newPod = (...reports: readonly (Parameters<typeof pod>[2] | null)[]): readonly Look[] =>
  reports.map((given, minute) =>
    look(minute * MINUTE, [pod('old', 'keeper'), ...(given === null ? [] : [pod('new', 'a', given)])]),
  );

const errorsOf = (evidence: Evidence) => [evidence.new.errors.x, evidence.new.errors.n];

describe('sums of a rung', () => {
  test('the first look is where counting begins; later ones add what happened between them', () => {
    const looks = newPod(
      { counters: counters({ requests: 100, failures5xx: 50 }) },
      { counters: counters({ requests: 130, failures5xx: 52, streamErrors: 1 }) },
      { counters: counters({ requests: 150, failures5xx: 52, streamErrors: 1 }) },
    );
    expect(feed(looks).new.errors).toEqual({
      cells: 2,
      x: 3,
      n: 50,
      pairs: 1,
      q: (0.1 ** 2 * 30 * 20) / 50,
    });
  });

  const before = { counters: counters({ requests: 100, failures5xx: 4, running: 7 }) };
  test.each([
    [
      'counters that went back count whole, and what ran is lost',
      [before, { counters: counters({ requests: 5, failures5xx: 1 }) }],
      [8, 12],
    ],
    [
      'a restart counts whole even where the counters are higher',
      [before, { restarts: 1, counters: counters({ requests: 120, failures5xx: 4 }) }],
      [11, 127],
    ],
    [
      'a restart without an answer loses what ran, once',
      [
        before,
        { restarts: 1, answered: false, counters: null },
        { restarts: 1, counters: counters({ requests: 3 }) },
      ],
      [7, 10],
    ],
    [
      'a restart that the pod list shows later is not counted twice',
      [
        before,
        { counters: counters({ requests: 5, running: 2 }) },
        { restarts: 1, counters: counters({ requests: 9 }) },
      ],
      [7, 16],
    ],
    [
      'a second restart after it is',
      [
        before,
        { counters: counters({ requests: 5, running: 2 }) },
        { restarts: 2, counters: counters({ requests: 9 }) },
      ],
      [9, 23],
    ],
    ['a pod that vanished lost what ran', [before, null, null], [7, 7]],
    ['a pod that does not answer says nothing yet', [before, { answered: false, counters: null }], [0, 0]],
    [
      'and its next answer covers both minutes',
      [
        before,
        { answered: false, counters: null },
        { counters: counters({ requests: 110, failures5xx: 5 }) },
      ],
      [1, 10],
    ],
    [
      'a failure that shows twice counts once',
      [before, { counters: counters({ requests: 102, failures5xx: 6, streamErrors: 2 }) }],
      [2, 2],
    ],
    [
      'refused requests are no failures',
      [before, { counters: counters({ requests: 120, failures5xx: 4, failures4xx: 20 }) }],
      [0, 20],
    ],
  ] as const)('%s', (_name, reports, expected) => {
    expect(errorsOf(feed(newPod(...reports)))).toEqual(expected);
  });

  test('latency counts at the edge, after the warm-up only; errors always', () => {
    const looks = newPod(
      { counters: counters({ requests: 0, ttft: ttft(0, 0) }) },
      { counters: counters({ requests: 10, failures5xx: 1, ttft: ttft(0, 10) }) },
      { counters: counters({ requests: 30, failures5xx: 1, ttft: ttft(15, 30) }) },
    );
    const evidence = feed(looks, { ...COUNTING, warmUpUntilMs: MINUTE });
    expect([evidence.new.ttft.x, evidence.new.ttft.n]).toEqual([5, 20]);
    expect(errorsOf(evidence)).toEqual([1, 30]);
    expect(feed(looks, { ...COUNTING, warmUpUntilMs: null }).new.ttft.n).toBe(0);
    expect(feed(looks, { ...COUNTING, ttftEdgeSeconds: null }).new.ttft.n).toBe(0);
    // Beyond the last edge nothing can be told.
    expect(feed(looks, { ...COUNTING, ttftEdgeSeconds: 99 }).new.ttft.n).toBe(0);
  });

  test('a look without the histogram leaves latency to the next one that has it', () => {
    const looks = newPod(
      { counters: counters({ ttft: ttft(5, 5) }) },
      { counters: counters({ requests: 5 }) },
      { counters: counters({ requests: 9, ttft: ttft(7, 9) }) },
    );
    expect(feed(looks).new.ttft).toMatchObject({ x: 2, n: 4 });
  });

  test('a new rung drops the sums and the interval that began before it, and keeps the counters', () => {
    const at = (requests: number) => ({ counters: counters({ requests }) });
    const looks = newPod(at(0), at(100), at(300), at(700));
    const first = feed(looks.slice(0, 2));
    expect(errorsOf(first)).toEqual([0, 100]);
    const second = feed(looks.slice(2, 3), COUNTING, restartRung(first));
    expect(errorsOf(second)).toEqual([0, 0]);
    expect(errorsOf(feed(looks.slice(3), COUNTING, second))).toEqual([0, 400]);
  });

  test('a hold does not count, nor does the interval that it ends in; tripwires see it all the same', () => {
    const at = (requests: number) => ({ counters: counters({ requests }) });
    const looks = newPod(at(0), at(100), at(300), at(700), at(1500));
    let evidence = feed(looks.slice(0, 2));
    evidence = feed(looks.slice(2, 3), { ...COUNTING, counting: false }, evidence);
    evidence = feed(looks.slice(3), COUNTING, evidence);
    expect(errorsOf(evidence)).toEqual([0, 900]);
    expect(evidence.minutes.map((minute) => minute.new.requests)).toEqual([0, 100, 200, 400, 800]);
  });
});

describe('minutes', () => {
  test('keep what tripwires ask for', () => {
    const evidence = feed([
      look(0, [pod('new', 'a'), pod('new', 'b')]),
      look(
        MINUTE,
        [
          pod('new', 'a', { counters: counters({ requests: 10, failures5xx: 2, waiting: 8 }) }),
          pod('new', 'b', { ready: false, counters: counters({ requests: 5, waiting: 100 }) }),
          pod('new', 'c', { answered: false, counters: null }),
          pod('old', 'd', { counters: counters({ waiting: 3 }) }),
        ],
        [picker('old'), picker('new', { ready: false })],
      ),
    ]);
    expect(evidence.minutes.at(-1)).toEqual({
      fromMs: 0,
      atMs: MINUTE,
      old: { requests: 0, failures: 0, ready: 1, silent: 0, waitingPerReady: 3, pickersReady: 1 },
      new: { requests: 15, failures: 2, ready: 2, silent: 1, waitingPerReady: 8, pickersReady: 0 },
    });
  });

  test('a picker that was never seen is not missed, one that is gone is', () => {
    const without = feed([look(0, [pod('new', 'a')])]);
    expect(without.minutes.at(-1)?.new.pickersReady).toBeNull();
    const gone = feed([look(0, [pod('new', 'a')], [picker('new')]), look(MINUTE, [pod('new', 'a')])]);
    expect(gone.minutes.at(-1)?.new.pickersReady).toBe(0);
  });
});

const report = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({ step: fc.nat(500), failed: fc.nat(50), running: fc.nat(40), slow: fc.nat(50) }),
  },
  { weight: 1, arbitrary: fc.constant('silent' as const) },
  { weight: 1, arbitrary: fc.constant('restart' as const) },
  { weight: 1, arbitrary: fc.constant('gone' as const) },
);
type Report = typeof report extends fc.Arbitrary<infer T> ? T : never;

/** Looks of pods that live as told: counters grow, processes restart, pods vanish and come back under another uid. */
const history = (lives: readonly (readonly Report[])[], length: number): readonly Look[] => {
  const now = lives.map(() => ({ restarts: 0, life: 0, requests: 0, failed: 0, slow: 0, running: 0 }));
  return Array.from({ length }, (_, minute) =>
    look(
      (minute + 1) * MINUTE,
      [
        pod('old', 'keeper'),
        ...lives.flatMap((life, index) => {
          const told = life[minute];
          const state = now[index];
          if (state === undefined || told === undefined) return [];
          if (told === 'gone') {
            now[index] = { restarts: 0, life: state.life + 1, requests: 0, failed: 0, slow: 0, running: 0 };
            return [];
          }
          if (told === 'restart')
            Object.assign(state, {
              restarts: state.restarts + 1,
              requests: 0,
              failed: 0,
              slow: 0,
              running: 0,
            });
          else if (told !== 'silent') {
            state.requests += told.step;
            state.failed += Math.min(told.step, told.failed);
            state.slow += Math.min(told.step, told.slow);
            state.running = told.running;
          }
          const silent = told === 'silent';
          return [
            pod(index % 2 === 0 ? 'new' : 'old', `${String(index)}-${String(state.life)}`, {
              restarts: state.restarts,
              answered: !silent,
              counters: silent
                ? null
                : counters({
                    requests: state.requests,
                    failures5xx: state.failed,
                    running: state.running,
                    ttft: ttft(state.requests - state.slow, state.requests),
                  }),
            }),
          ];
        }),
      ],
      [],
    ),
  );
};

const histories = fc
  .array(fc.array(report, { minLength: 12, maxLength: 12 }), { minLength: 1, maxLength: 6 })
  .map((lives) => history(lives, 12));

describe('properties', () => {
  test('nothing is ever negative, and no part exceeds its whole', () => {
    fc.assert(
      fc.property(histories, (looks) => {
        const evidence = feed(looks);
        for (const side of [evidence.old, evidence.new])
          for (const sums of [side.errors, side.ttft]) {
            expect(sums.x).toBeGreaterThanOrEqual(0);
            expect(sums.x).toBeLessThanOrEqual(sums.n);
            expect(sums.q).toBeGreaterThanOrEqual(0);
            expect(sums.pairs).toBeLessThanOrEqual(sums.cells);
          }
        for (const minute of evidence.minutes)
          for (const side of [minute.old, minute.new]) {
            expect(side.failures).toBeGreaterThanOrEqual(0);
            expect(side.failures).toBeLessThanOrEqual(side.requests);
          }
      }),
    );
  });

  test('the order of pods in a look changes nothing but the order of the marks', () => {
    fc.assert(
      fc.property(histories, (looks) => {
        const turned = looks.map((one) => ({ ...one, pods: [...one.pods].reverse() }));
        const [one, other] = [feed(turned), feed(looks)];
        expect({ ...one, old: null, new: null }).toEqual({ ...other, old: null, new: null });
        for (const side of ['old', 'new'] as const)
          for (const sums of ['errors', 'ttft'] as const) {
            // Sums of fractions depend on their order in the last digit.
            expect({ ...one[side][sums], q: 0 }).toEqual({ ...other[side][sums], q: 0 });
            expect(one[side][sums].q).toBeCloseTo(other[side][sums].q, 6);
          }
      }),
    );
  });

  test('duplicates, late and empty looks change nothing: the very same object comes back', () => {
    fc.assert(
      fc.property(histories, fc.nat(11), (looks, which) => {
        const evidence = feed(looks);
        expect(absorb(evidence, looks[which] ?? look(0, []), COUNTING)).toBe(evidence);
        expect(absorb(evidence, look(1e12, []), COUNTING)).toBe(evidence);
      }),
    );
  });

  test('without restarts, silence and deaths the sums are last minus first', () => {
    const steady = fc.array(fc.array(fc.nat(500), { minLength: 8, maxLength: 8 }), {
      minLength: 1,
      maxLength: 5,
    });
    fc.assert(
      fc.property(steady, (steps) => {
        const lives = steps.map((pods) => pods.map((step) => ({ step, failed: 1, running: 3, slow: 0 })));
        const expected = [0, 0];
        for (const [index, pods] of steps.entries())
          expected[index % 2] =
            (expected[index % 2] ?? 0) + pods.slice(1).reduce((sum, step) => sum + step, 0);
        const evidence = feed(history(lives, 8));
        expect([evidence.new.errors.n, evidence.old.errors.n]).toEqual(expected);
      }),
    );
  });

  test('it is JSON, and it survives being stored between any two looks', () => {
    fc.assert(
      fc.property(histories, (looks) => {
        let stored = emptyEvidence();
        for (const one of looks)
          stored = JSON.parse(JSON.stringify(absorb(stored, one, COUNTING))) as Evidence;
        expect(stored).toEqual(feed(looks));
      }),
    );
  });

  test('vanished pods are dropped; 32 busy pods stay under 20 KB', () => {
    const wide = (minute: number) =>
      look(
        minute * MINUTE,
        Array.from({ length: 32 }, (_, index) =>
          pod(index % 2 === 0 ? 'new' : 'old', `7f9c2ba4-e5d1-4c8e-9b7a-0123456789ab-${String(index)}`, {
            counters: counters({
              requests: minute * 123_457,
              failures5xx: minute * 1234,
              failures4xx: minute * 1237,
              streamErrors: minute * 12,
              running: 255,
              waiting: 117,
              ttft: {
                edges: TTFT_EDGES_VLLM,
                cumulative: TTFT_EDGES_VLLM.map(() => minute * 99_999),
                count: minute * 111_111,
              },
            }),
          }),
        ),
      );
    const evidence = feed(Array.from({ length: 40 }, (_, minute) => wide(minute)));
    const bytes = JSON.stringify(evidence).length;
    console.log(`evidence of 32 pods: ${String(bytes)} bytes`);
    expect(bytes).toBeLessThan(20_000);
    expect(Object.keys(evidence.marks)).toHaveLength(32);
    expect(evidence.minutes).toHaveLength(10);
    const after = absorb(evidence, look(41 * MINUTE, [pod('old', 'keeper')]), COUNTING);
    expect(Object.keys(after.marks)).toEqual(['old/keeper']);
  });
});
