import type { Trial } from '../trial.ts';
import type { KnownTrial } from './known-trials.ts';
import type { Mutant } from './mutant.ts';
import type { PlantedProcess } from './planted-process.ts';
import { smallSeeds } from './small-seeds.ts';

export interface HuntOptions {
  readonly planted: PlantedProcess;
  /** The product as it is: what it breaks as well is no catch. */
  readonly healthy: PlantedProcess;
  readonly fromSeed: number;
  readonly trialsMax: number;
  /** Runs that may be spent on making the trial smaller. */
  readonly reductionsMax: number;
}

export interface Hunted {
  /** null: not caught within `trialsMax`. */
  readonly known: KnownTrial | null;
  /** Other rules that it broke meanwhile, and how often. */
  readonly others: Readonly<Record<string, number>>;
  readonly trials: number;
}

/** Fresh seeds until the named checker reports the mutant in a trial that the healthy product passes. */
export const hunt = async (mutant: Mutant, options: HuntOptions): Promise<Hunted> => {
  const { planted, fromSeed, trialsMax } = options;
  const others: Record<string, number> = {};
  let rollouts = 0;
  let trials = 0;
  for (const seed of smallSeeds(fromSeed, trialsMax)) {
    trials += 1;
    const ran = await planted.ask({ kind: 'seed', seed, emphasis: mutant.emphasis });
    rollouts += ran.rollouts;
    const isCaught = ran.broken.some(({ rule }) => rule === mutant.rule);
    const rules = [...ran.broken.map(({ rule }) => rule), ...(ran.thrown === null ? [] : ['thrown'])];
    for (const rule of rules) if (rule !== mutant.rule) others[rule] = (others[rule] ?? 0) + 1;
    if (!isCaught || !(await isHealthy(ran.trial, mutant, options))) continue;
    const trial = await smaller(ran.trial, mutant, options);
    return { known: { seed, rollouts, trial }, others, trials };
  }
  return { known: null, others, trials };
};

const isHealthy = async (trial: Trial, { rule }: Mutant, { healthy }: HuntOptions): Promise<boolean> => {
  const { broken, thrown } = await healthy.ask({ kind: 'trial', trial });
  return thrown === null && !broken.some((one) => one.rule === rule);
};

/** The reduced trial where the mutant still breaks it and the product does not. */
const smaller = async (trial: Trial, mutant: Mutant, options: HuntOptions): Promise<Trial> => {
  const { rule } = mutant;
  if (options.reductionsMax === 0) return trial;
  const reduced = await options.planted.ask({ kind: 'reduce', trial, rule, runsMax: options.reductionsMax });
  return (await isHealthy(reduced.trial, mutant, options)) ? reduced.trial : trial;
};
