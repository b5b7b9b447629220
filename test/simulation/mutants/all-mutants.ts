import { ADAPTER_MUTANTS } from './list/adapter-mutants.ts';
import { BAKE_MUTANTS } from './list/bake-mutants.ts';
import { END_MUTANTS } from './list/end-mutants.ts';
import { GROWTH_MUTANTS } from './list/growth-mutants.ts';
import { MESSAGE_MUTANTS } from './list/message-mutants.ts';
import { WAY_BACK_MUTANTS } from './list/way-back-mutants.ts';
import type { Mutant } from './mutant.ts';

/** Every planted bug. */
export const MUTANTS: readonly Mutant[] = [
  ...GROWTH_MUTANTS,
  ...BAKE_MUTANTS,
  ...WAY_BACK_MUTANTS,
  ...END_MUTANTS,
  ...MESSAGE_MUTANTS,
  ...ADAPTER_MUTANTS,
];

/** @throws RangeError for a name that is not in the list. */
export const mutantNamed = (name: string): Mutant => {
  const found = MUTANTS.find((mutant) => mutant.name === name);
  if (found === undefined) throw new RangeError(`there is no mutant ${name}`);
  return found;
};
