/** All that is asked of one mutant, in one process that has it planted. */
import type { Rule } from '../seen.ts';
import { hunt } from './hunt.ts';
import { type KnownTrial, keepTrial, knownTrial } from './known-trials.ts';
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
  /** Of the trial that caught it; null: there is no known one. */
  readonly seed: number | null;
  /** That it took to find the known trial. */
  readonly rollouts: number | null;
  /** Which of the known trial's siblings caught it; 0: the known trial itself. */
  readonly sibling: number;
  readonly fresh: { readonly caught: number; readonly trials: number } | null;
  /** Why it was not caught. */
  readonly why: string | null;
  readonly seconds: number;
}

type Verdict = Pick<Examined, 'caughtBy' | 'seed' | 'rollouts' | 'sibling' | 'why'>;

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
    // A process that died proves nothing about its mutant, and one that lives on would keep us waiting.
    planted.kill();
    return { mutant, ...missed(String(thrown)), fresh: null, seconds: took() };
  }
};

const missed = (why: string): Verdict => ({
  caughtBy: null,
  seed: null,
  rollouts: null,
  sibling: 0,
  why,
});

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
    const { seed, rollouts } = hunted.known;
    return { caughtBy: mutant.rule, seed, rollouts, sibling: 0, why: null };
  }
  return replay(mutant, known, planted, healthy);
};

/**
 * Any change of the product moves the chances within a trial. Where the very same ones do not meet any more, those of its
 * siblings are tried: the same orders, people, faults and their rates, other dice.
 */
const SIBLINGS = 300;
const SIBLING_STEP = 1_000_003;

const replay = async (
  { rule: wanted }: Mutant,
  { seed, rollouts, trial }: KnownTrial,
  planted: PlantedProcess,
  healthy: PlantedProcess,
): Promise<Verdict> => {
  const broken = new Set<string>();
  for (let sibling = 0; sibling <= SIBLINGS; sibling += 1) {
    const sameScene = { ...trial, seed: seed + sibling * SIBLING_STEP };
    const ran = await planted.ask({ kind: 'trial', trial: sameScene });
    for (const { rule } of ran.broken) broken.add(rule);
    if (ran.thrown !== null) broken.add(ran.thrown);
    if (!ran.broken.some(({ rule }) => rule === wanted)) continue;
    const calm = await healthy.ask({ kind: 'trial', trial: sameScene });
    if (calm.broken.some(({ rule }) => rule === wanted)) continue;
    return { caughtBy: wanted, seed: sameScene.seed, rollouts, sibling, why: null };
  }
  const why = `neither the known trial nor ${SIBLINGS} siblings: they break ${[...broken].join(', ') || 'no rule'}; hunt it anew`;
  return { ...missed(why), seed, rollouts };
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
