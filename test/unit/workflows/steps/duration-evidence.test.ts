import { describe, expect, test } from 'vitest';
import type { DurationEvidence, DurationSums } from '../../../../workflows/steps/duration-evidence.ts';
import {
  type AbsorbOptions,
  absorb,
  type Evidence,
  emptyEvidence,
  restartRung,
} from '../../../../workflows/steps/evidence.ts';
import type { Look, TargetDurations } from '../../../../workflows/steps/observation.ts';
import { look, picker, pod } from '../../../helpers/looks.ts';

const MINUTE = 60_000;
const COUNTING: AbsorbOptions = { warmUpUntilMs: 0, counting: true, ttftEdgeSeconds: null };

type Counted = readonly [count: number, sumSeconds: number];

const told = (old: Counted, fresh: Counted, per: TargetDurations['per'] = 'token'): TargetDurations => ({
  per,
  old: { count: old[0], sumSeconds: old[1] },
  new: { count: fresh[0], sumSeconds: fresh[1] },
});

/** What each picker tells; null: nothing. */
const seen = (minute: number, pickers: Readonly<Record<string, TargetDurations | null>>): Look => ({
  ...look(
    minute * MINUTE,
    [pod('new', 'a')],
    Object.entries(pickers).map(([uid, targets]) =>
      picker('new', { uid, ...(targets === null ? {} : { targets }) }),
    ),
  ),
  probes: [{ uid: 'new/a', pod: 'a', target: 'new', status: 200 }],
});

const feed = (looks: readonly Look[], options = COUNTING, from = emptyEvidence()): Evidence =>
  looks.reduce((evidence, one) => absorb(evidence, one, options), from);

const durationsOf = (evidence: Evidence): DurationEvidence | undefined => evidence.adapter?.durations;
const rungOf = (looks: readonly Look[], options = COUNTING): DurationSums | undefined =>
  durationsOf(feed(looks, options))?.rung;

const sums = (old: Counted, fresh: Counted) => {
  const { per: _, ...both } = told(old, fresh);
  return both;
};

/** Begins the rung: what went before is nobody's. */
const BEGIN = seen(0, { p: told([1_000, 20], [0, 0]) });

describe('durations on the rung', () => {
  test('are what each picker has counted since the look before', () => {
    const rung = rungOf([
      seen(0, { p: told([1_000, 20], [0, 0]), q: told([10, 1], [10, 1]) }),
      seen(1, { p: told([1_100, 22], [10, 0.25]), q: told([15, 1.5], [15, 1.25]) }),
    ]);
    expect(rung).toMatchObject({ per: 'token', ...sums([105, 2.5], [15, 0.5]) });
    expect(rung).toMatchObject({ open: sums([105, 2.5], [15, 0.5]), means: { cells: 0 } });
  });

  test('make a cell of as many minutes as bring twenty answers of either version', () => {
    const rung = rungOf([
      BEGIN,
      seen(1, { p: told([1_100, 22], [12, 0.5]) }),
      seen(2, { p: told([1_200, 24], [25, 1]) }),
      seen(3, { p: told([1_300, 26], [45, 2]) }),
      seen(4, { p: told([1_319, 26.5], [145, 3]) }),
    ]);
    const means = [
      [4 / 200, 1 / 25],
      [2 / 100, 1 / 20],
    ] as const;
    const total = (of: (cell: readonly [number, number]) => number) =>
      expect.closeTo(of(means[0]) + of(means[1]), 12);
    expect(rung).toEqual({
      per: 'token',
      ...sums([319, 6.5], [145, 3]),
      open: sums([19, 0.5], [100, 1]),
      means: {
        cells: 2,
        old: total(([old]) => old),
        new: total(([, fresh]) => fresh),
        oldSquares: total(([old]) => old ** 2),
        newSquares: total(([, fresh]) => fresh ** 2),
        products: total(([old, fresh]) => old * fresh),
      },
    });
  });

  test.each<[string, readonly Look[]]>([
    ['its first figures', [seen(0, {}), seen(1, { p: told([500, 9], [50, 9]) })]],
    [
      'a picker that comes besides',
      [BEGIN, seen(1, { p: told([1_000, 20], [0, 0]), q: told([9, 9], [9, 9]) })],
    ],
    ['a process that began anew', [BEGIN, seen(1, { p: told([900, 19], [80, 2]) })]],
    ['a sum that went back', [BEGIN, seen(1, { p: told([1_001, 19], [80, 2]) })]],
    [
      'an interval without an answer',
      [BEGIN, seen(1, { p: null }), seen(2, { p: told([1_900, 39], [80, 2]) })],
    ],
    ['nothing asked', [BEGIN, seen(1, { p: told([1_000, 20], [0, 0]) })]],
  ])('are nothing of %s', (_, looks) => {
    expect(rungOf(looks)).toMatchObject({ per: null, ...sums([0, 0], [0, 0]) });
  });

  test('go on after each of these', () => {
    const looks = [BEGIN, seen(1, { p: told([5, 1], [5, 1]) }), seen(2, { p: told([9, 2], [6, 3]) })];
    expect(rungOf(looks)).toMatchObject(sums([4, 1], [1, 2]));
  });

  test('are not those of the warm-up, of a hold, or of before the rung', () => {
    const next = seen(1, { p: told([1_100, 22], [10, 1]) });
    const counted = (options: Partial<AbsorbOptions>) =>
      rungOf([BEGIN, next], { ...COUNTING, ...options })?.new.count;
    expect([counted({}), counted({ warmUpUntilMs: MINUTE }), counted({ counting: false })]).toEqual([
      10, 0, 0,
    ]);
    const begun = restartRung(feed([BEGIN, next]));
    const after = feed([seen(2, { p: told([1_200, 24], [30, 2]) })], COUNTING, begun);
    const later = feed([seen(3, { p: told([1_300, 26], [37, 3]) })], COUNTING, after);
    expect([begun, after, later].map((one) => durationsOf(one)?.rung.new.count)).toEqual([0, 0, 7]);
  });

  test('per token and per answer are never added up: the former counts', () => {
    const first = [
      seen(0, { p: told([0, 0], [0, 0], 'request') }),
      seen(1, { p: told([9, 90], [8, 80], 'request') }),
    ];
    expect(rungOf(first)).toMatchObject({ per: 'request', ...sums([9, 90], [8, 80]) });
    const then = [
      ...first,
      seen(2, { p: told([40, 100], [40, 100]) }),
      seen(3, { p: told([42, 101], [41, 102]) }),
    ];
    expect(rungOf(then.slice(0, 3))).toMatchObject({ per: 'request', ...sums([9, 90], [8, 80]) });
    expect(rungOf(then)).toMatchObject({ per: 'token', ...sums([2, 1], [1, 2]) });
    const both = [
      seen(0, { p: told([0, 0], [0, 0]), q: told([0, 0], [0, 0], 'request') }),
      seen(1, { p: told([3, 1], [3, 1]), q: told([5, 50], [5, 50], 'request') }),
    ];
    expect(rungOf(both)).toMatchObject({ per: 'token', ...sums([3, 1], [3, 1]) });
  });

  test('are not kept where no picker tells', () => {
    expect(feed([seen(0, { p: null }), seen(1, {})]).adapter).not.toHaveProperty('durations');
  });

  test('are the same evidence when every step of it is stored and read back', () => {
    const looks = Array.from({ length: 60 }, (_, minute) =>
      seen(minute, {
        p:
          minute % 17 === 9 ? null : told([minute * 31.7, minute * 0.73], [minute * 7, (minute % 23) * 0.11]),
        q: told([minute * 3, minute / 3], [minute * 11, minute / 7], minute < 20 ? 'request' : 'token'),
      }),
    );
    const stored = looks.reduce(
      (evidence, one) =>
        JSON.parse(
          JSON.stringify(absorb(evidence, JSON.parse(JSON.stringify(one)) as Look, COUNTING)),
        ) as Evidence,
      emptyEvidence(),
    );
    expect(JSON.stringify(stored)).toBe(JSON.stringify(feed(looks)));
    expect(durationsOf(stored)?.rung.means.cells).toBeGreaterThan(20);
    expect(JSON.stringify(durationsOf(stored)).length).toBeLessThan(1_000);
  });
});
