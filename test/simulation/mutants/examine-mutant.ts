/** All that is asked of one mutant, in one process that has it planted. */
import type { Rule } from '../seen.ts';
import { hunt } from './hunt.ts';
import { keepTrial, knownTrial } from './known-trials.ts';
import type { Mutant } from './mutant.ts';
import { PlantedProcess } from './planted-process.ts';
import { smallSeeds } from './small-seeds.ts';

export interface ExamineOptions {
  /** Look for the known trial anew. */
  readonly hunt: boolean;
  /** Number of fresh trials to run besides. */
  readonly fresh: number;
  readonly fromSeed: number;
  readonly trialsMax: number;
  readonly reductionsMax: number;
}

export interface Examined {
  readonly mutant: Mutant;
  /** Its own rule, or null. */
  readonly caughtBy: Rule | null;
  /** Of the known trial; null: there is none. */
  readonly seed: number | null;
  /** That it took to find the known trial. */
  readonly rollouts: number | null;
  readonly fresh: { readonly caught: number; readonly trials: number } | null;
  /** Why it was not caught. */
  readonly why: string | null;
  readonly seconds: number;
}

type Verdict = Pick<Examined, 'caughtBy' | 'seed' | 'rollouts' | 'why'>;

/** The golden rollouts, the known trial (hunted where it is not known), then fresh ones. */
export const examineMutant = async (
  mutant: Mutant,
  healthy: PlantedProcess,
  options: ExamineOptions,
): Promise<Examined> => {
  const startMs = performance.now();
  const planted = new PlantedProcess(mutant.name);
  const took = (): number => (performance.now() - startMs) / 1000;
  try {
    const verdict = await judge(mutant, planted, healthy, options);
    const fresh = options.fresh === 0 ? null : await countFresh(mutant, planted, options);
    await planted.end();
    return { mutant, ...verdict, fresh, seconds: took() };
  } catch (thrown) {
    return { mutant, ...missed(String(thrown)), fresh: null, seconds: took() };
  }
};

const missed = (why: string): Verdict => ({ caughtBy: null, seed: null, rollouts: null, why });

const judge = async (
  mutant: Mutant,
  planted: PlantedProcess,
  healthy: PlantedProcess,
  options: ExamineOptions,
): Promise<Verdict> => {
  const { wrong } = await planted.ask({ kind: 'golden' });
  if (wrong !== null) return missed(`it breaks the golden rollouts: ${wrong}`);
  const known = options.hunt ? null : knownTrial(mutant.name);
  if (known === null) {
    const hunted = await hunt(mutant, { ...options, planted, healthy });
    if (hunted.known === null)
      return missed(`not in ${hunted.trials} trials; it broke ${JSON.stringify(hunted.others)}`);
    keepTrial(mutant.name, hunted.known);
    return { caughtBy: mutant.rule, seed: hunted.known.seed, rollouts: hunted.known.rollouts, why: null };
  }
  const { seed, rollouts, trial } = known;
  const ran = await planted.ask({ kind: 'trial', trial });
  const isCaught = ran.broken.some(({ rule }) => rule === mutant.rule);
  const calm = await healthy.ask({ kind: 'trial', trial });
  const alarm = calm.broken.find(({ rule }) => rule === mutant.rule);
  if (alarm !== undefined)
    return { ...missed(`the product breaks the rule without it: ${alarm.sentence}`), seed, rollouts };
  if (isCaught) return { caughtBy: mutant.rule, seed, rollouts, why: null };
  const rules = ran.broken.map(({ rule }) => rule).join(', ') || 'no rule';
  return {
    ...missed(`the known trial breaks ${rules}${ran.thrown === null ? '' : `; ${ran.thrown}`}`),
    seed,
    rollouts,
  };
};

const countFresh = async (
  { rule: wanted }: Mutant,
  planted: PlantedProcess,
  { fresh, fromSeed }: ExamineOptions,
): Promise<Examined['fresh']> => {
  let caught = 0;
  for (const seed of smallSeeds(fromSeed, fresh)) {
    const { broken } = await planted.ask({ kind: 'seed', seed });
    if (broken.some(({ rule }) => rule === wanted)) caught += 1;
  }
  return { caught, trials: fresh };
};
