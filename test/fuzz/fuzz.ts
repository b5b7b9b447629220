/**
 * Runs one target of the fuzzing with fast-check, counts what its cases came to, and says so.
 *
 * | variable | meaning |
 * | --- | --- |
 * | `SLUICE_FUZZ_RUNS` | cases per target; without it each target's own small number |
 * | `SLUICE_FUZZ_SEED` | an integer, to repeat a run; without it short runs have always the same one, long ones never |
 *
 * A case that fails is shrunk, and printed with the seed.
 */
import * as fc from 'fast-check';
import { expect } from 'vitest';
import { ConflictError, InvariantError, RetryableError, TerminalError } from '../../workflows/errors.ts';

/** What a case came to, in a word: counted and printed. */
export type Verdict = string;

/** Of a case of several steps: one each. */
type Verdicts = Verdict | readonly Verdict[];

export interface Target<T> {
  /** Cases of a short run. */
  readonly runs: number;
  readonly input: fc.Arbitrary<T>;
  /** Throws when a property does not hold. */
  readonly check: (input: T) => Verdicts | Promise<Verdicts>;
}

const SEED = 20_260_302;

const integerOf = (name: string): number | null => {
  const text = process.env[name];
  if (text === undefined || text === '') return null;
  const value = Number(text);
  if (!Number.isSafeInteger(value)) throw new Error(`${name} is "${text}", not an integer`);
  return value;
};

const runsGiven = integerOf('SLUICE_FUZZ_RUNS');

/** Of this run, for all targets. */
const seed = integerOf('SLUICE_FUZZ_SEED') ?? (runsGiven === null ? SEED : Date.now() % 2 ** 31);

interface Tally {
  cases: number;
  slowestMs: number;
  readonly verdicts: Map<Verdict, number>;
}

const say = (name: string, tally: Tally): string => {
  const verdicts = [...tally.verdicts].sort(([, a], [, b]) => b - a);
  const words = verdicts.map(([verdict, count]) => `${verdict} ${count}`).join(', ');
  return `fuzz ${name}: ${tally.cases} cases (${words}), slowest ${Math.ceil(tally.slowestMs)} ms, seed ${seed}`;
};

/** Options of a test that runs a target: long runs take as long as they take. */
export const LONG = { timeout: 3_600_000 };

/**
 * Runs the target, by the name of the test that does; what its cases came to. A target whose cases all end at the first
 * guard tests that guard only: the test says what has to occur.
 */
export const fuzz = async <T>({ runs, input, check }: Target<T>): Promise<readonly Verdict[]> => {
  const name = expect.getState().currentTestName ?? '';
  const tally: Tally = { cases: 0, slowestMs: 0, verdicts: new Map() };
  const property = fc.asyncProperty(input, async (given) => {
    const startMs = performance.now();
    const verdicts = await check(given);
    tally.slowestMs = Math.max(tally.slowestMs, performance.now() - startMs);
    for (const verdict of typeof verdicts === 'string' ? [verdicts] : verdicts)
      tally.verdicts.set(verdict, (tally.verdicts.get(verdict) ?? 0) + 1);
    tally.cases += 1;
  });
  await fc.assert(property, { numRuns: runsGiven ?? runs, seed });
  console.log(say(name, tally));
  expect(tally.cases).toBe(runsGiven ?? runs);
  return [...tally.verdicts.keys()];
};

const CLASSES = [RetryableError, TerminalError, ConflictError, InvariantError] as const;

/** The class of an exception of ours. @throws the error itself when it is of none of the four. */
export const classOf = (error: unknown): Verdict => {
  const known = CLASSES.find((one) => error instanceof one);
  if (known === undefined) throw error;
  return known.name;
};

/** What a call came to: `done` (or what `word` says), or the class of what it threw. @throws what is none of the four. */
export const outcomeOf = async <T>(
  act: () => T | Promise<T>,
  word: (value: T) => Verdict = () => 'done',
): Promise<Verdict> => {
  let value: T;
  try {
    value = await act();
  } catch (error) {
    return classOf(error);
  }
  return word(value);
};
