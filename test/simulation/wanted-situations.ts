import type { Situations } from './situations.ts';

/** What a batch must have been in at least once, or its silence says little. */
const WANTED: readonly string[] = [];

/** Those of the wanted situations that never occurred. */
export const missingSituations = (situations: Situations): readonly string[] =>
  WANTED.filter((wanted) => (situations[wanted] ?? 0) === 0);
