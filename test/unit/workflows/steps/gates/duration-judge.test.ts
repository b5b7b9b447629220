import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../../../../workflows/rollout/stored.ts';
import { emptyAdapterEvidence } from '../../../../../workflows/steps/adapter-evidence.ts';
import { absorbDurations, type DurationEvidence } from '../../../../../workflows/steps/duration-evidence.ts';
import { emptyEvidence } from '../../../../../workflows/steps/evidence.ts';
import { judge } from '../../../../../workflows/steps/gates/judges.ts';
import type { DurationCounter, TargetDurations } from '../../../../../workflows/steps/observation.ts';
import { look, picker } from '../../../../helpers/looks.ts';

type Minute = { readonly old: DurationCounter; readonly new: DurationCounter };

const plus = (one: DurationCounter, other: DurationCounter): DurationCounter => ({
  count: one.count + other.count,
  sumSeconds: one.sumSeconds + other.sumSeconds,
});

const ZERO: DurationCounter = { count: 0, sumSeconds: 0 };

const evidenceOf = (
  minutes: readonly Minute[],
  per: TargetDurations['per'] = 'token',
): DurationEvidence | undefined => {
  let targets: TargetDurations = { per, old: ZERO, new: ZERO };
  const seen = (before: DurationEvidence | undefined, atMs: number) =>
    absorbDurations(before, look(atMs, [], [picker('new', { targets })]), true);
  let evidence = seen(undefined, 0);
  for (const [index, minute] of minutes.entries()) {
    targets = { per, old: plus(targets.old, minute.old), new: plus(targets.new, minute.new) };
    evidence = seen(evidence, index + 1);
  }
  return evidence;
};

const verdict = (
  durations: DurationEvidence | undefined,
  samplesMin: number | null = 200,
): Verdict | undefined =>
  judge({
    gates: {
      tripwires: [],
      errors: { ratioMax: 0.01, samplesMin: 200 },
      ttft: null,
      adapter: {
        samplesMin: 20,
        slots: null,
        ...(samplesMin === null ? {} : { durationSamplesMin: samplesMin }),
      },
    },
    judges: ['adapter.duration'],
    evidence: {
      ...emptyEvidence(),
      adapter: { ...emptyAdapterEvidence(), ...(durations === undefined ? {} : { durations }) },
    },
    pools: { old: 'food-review-1', new: 'food-review-2' },
    windowMs: [0, 1],
    sharePercent: 25,
  })[0];

/** Minutes of so many answers each: 20 ms a token of the old version, up and down by a tenth with the load. */
const steady = (given: {
  readonly minutes?: number;
  readonly times: number;
  readonly answers?: number;
  readonly wobble?: number;
}): readonly Minute[] =>
  Array.from({ length: given.minutes ?? 10 }, (_, index) => {
    const seconds = 0.02 * (index % 2 === 0 ? 1.1 : 0.9);
    const answers = given.answers ?? 40;
    const times = given.times + (given.wobble ?? 0) * (index % 3 === 0 ? 2 : -1);
    return {
      old: { count: 400, sumSeconds: 400 * seconds },
      new: { count: answers, sumSeconds: answers * seconds * times },
    };
  });

describe('the judge adapter.duration', () => {
  test.each<[string, Parameters<typeof steady>[0], string]>([
    ['as fast', { times: 1 }, 'pass'],
    ['faster', { times: 0.5 }, 'pass'],
    ['a little slower', { times: 1.14 }, 'pass'],
    ['slower by what is allowed', { times: 1.15 }, 'pass'],
    ['slower by more', { times: 1.2 }, 'fail'],
    ['slower by more than chance', { times: 1.25, wobble: 0.03 }, 'fail'],
    ['slower, maybe by chance', { times: 1.25, wobble: 0.3 }, 'inconclusive'],
    ['few answers', { times: 1, answers: 19 }, 'inconclusive'],
    ['few answers of a slow one', { times: 3, answers: 19 }, 'inconclusive'],
    ['few minutes', { times: 1, minutes: 4, answers: 400 }, 'inconclusive'],
    ['few minutes of a slow one', { times: 3, minutes: 4, answers: 400 }, 'inconclusive'],
    ['as few as can tell', { times: 3, minutes: 5 }, 'fail'],
    ['quiet minutes, and many of them', { times: 1.2, minutes: 60, answers: 4 }, 'fail'],
    ['no answers', { times: 1, answers: 0 }, 'inconclusive'],
  ])('%s: %s → %s', (_, given, answer) => {
    expect(verdict(evidenceOf(steady(given)))?.answer).toBe(answer);
  });

  test('what is allowed passes, however the figures are rounded', () => {
    const answers = new Set<string | undefined>();
    for (let milliseconds = 1; milliseconds <= 300; milliseconds += 1) {
      const one = (times: number): DurationCounter => ({
        count: 100,
        sumSeconds: (milliseconds * times) / 10,
      });
      const minutes = Array.from({ length: 12 }, () => ({ old: one(1), new: one(1.15) }));
      answers.add(verdict(evidenceOf(minutes))?.answer);
    }
    expect([...answers]).toEqual(['pass']);
  });

  test('needs answers of the old version as well', () => {
    const minutes = steady({ times: 1 }).map(({ old, new: fresh }) => ({ old: fresh, new: old }));
    expect([200, 400, 401].map((samplesMin) => verdict(evidenceOf(minutes), samplesMin)?.answer)).toEqual([
      'pass',
      'pass',
      'inconclusive',
    ]);
  });

  test('says what it compares, and with what', () => {
    expect(verdict(evidenceOf(steady({ times: 1.5 })))).toEqual({
      gate: 'adapter.duration',
      answer: 'fail',
      windowMs: [0, 1],
      samples: 400,
      newValue: expect.closeTo(0.03, 9),
      oldValue: expect.closeTo(0.02, 9),
      limit: expect.closeTo(0.023, 9),
      sentence:
        'seconds per output token of food-review-2 30 ms (400 answers), of food-review-1 20 ms (4,000 answers), limit 1.15 times as many: fail',
    });
    expect(verdict(evidenceOf(steady({ times: 1, answers: 0 })))).toMatchObject({
      samples: 0,
      newValue: null,
      sentence:
        'seconds per output token of food-review-2 no answers, of food-review-1 20 ms (4,000 answers), limit 1.15 times as many: inconclusive (fewer than 200 answers of either)',
    });
  });

  test('whole answers can pass; where they take longer they may only be longer', () => {
    const of = (times: number) => verdict(evidenceOf(steady({ times }), 'request'));
    expect(of(1.1)?.answer).toBe('pass');
    expect(of(3)).toMatchObject({
      answer: 'inconclusive',
      sentence: expect.stringMatching(/^seconds per answer of .*its answers may only be longer\)$/),
    });
  });

  test('without figures, or outside the plan, there is nothing to judge by', () => {
    const slow = evidenceOf(steady({ times: 3 }));
    expect([
      verdict(undefined)?.answer,
      verdict(evidenceOf([]))?.answer,
      verdict(slow, null)?.answer,
    ]).toEqual(['inconclusive', 'inconclusive', 'inconclusive']);
  });
});

describe('by chance', () => {
  /** A linear congruential generator (Numerical Recipes). */
  const uniform = (seed: number) => {
    let state = seed;
    return () => {
      state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
      return (state + 0.5) / 2 ** 32;
    };
  };
  /** Times of single answers vary as much as recorded ones do: most short, some ten times as long. */
  const SIGMA = 1;

  const drawn = (
    seed: number,
    given: { times: number; share: number; answers: number },
  ): readonly Minute[] => {
    const next = uniform(seed);
    const normal = () => Math.sqrt(-2 * Math.log(next())) * Math.cos(2 * Math.PI * next());
    return Array.from({ length: 15 }, () => {
      const load = 0.02 * Math.exp(0.2 * normal());
      let [old, fresh] = [ZERO, ZERO];
      for (let index = 0; index < given.answers; index += 1) {
        const isNew = next() < given.share;
        const seconds = load * Math.exp(SIGMA * normal() - SIGMA ** 2 / 2) * (isNew ? given.times : 1);
        if (isNew) fresh = plus(fresh, { count: 1, sumSeconds: seconds });
        else old = plus(old, { count: 1, sumSeconds: seconds });
      }
      return { old, new: fresh };
    });
  };

  const ROUNDS = 200;

  test.each([
    // An equal version is never called slower, and one at the very limit about as often as α says.
    { share: 0.05, times: 1, fails: [0, 0], passes: [0.9, 1] },
    { share: 0.05, times: 1.15, fails: [0, 0.03], passes: [0, 1] },
    { share: 0.5, times: 1, fails: [0, 0], passes: [0.99, 1] },
    { share: 0.5, times: 1.15, fails: [0, 0.03], passes: [0, 1] },
    { share: 0.9, times: 1, fails: [0, 0], passes: [0.95, 1] },
    { share: 0.9, times: 1.15, fails: [0, 0.03], passes: [0, 1] },
    // Half as slow again: found at most rungs, and never passed.
    { share: 0.05, times: 1.5, fails: [0.5, 1], passes: [0, 0] },
    { share: 0.5, times: 1.5, fails: [0.99, 1], passes: [0, 0] },
  ])('at a share of $share, $times times as long: fails $fails, passes $passes of the time', (given) => {
    const { share, times, fails, passes } = given;
    const seen = { pass: 0, fail: 0, inconclusive: 0 };
    for (let seed = 1; seed <= ROUNDS; seed += 1) {
      const { answer } = verdict(evidenceOf(drawn(seed, { times, share, answers: 500 }))) ?? {};
      if (answer !== undefined) seen[answer] += 1;
    }
    console.log(`share ${share}, ${times} times as long: ${JSON.stringify(seen)}`);
    const isWithin = (part: number, [from = 1, to = 0]: readonly number[]): boolean =>
      part >= from && part <= to;
    expect([seen, isWithin(seen.fail / ROUNDS, fails), isWithin(seen.pass / ROUNDS, passes)]).toEqual([
      seen,
      true,
      true,
    ]);
  });
});
