/** The list of differences in docs/simulator.md: rows of the table under the heading "Known differences". */
import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import type { Difference } from './mask.ts';

const FILE = resolve(import.meta.dirname, '../../../docs/simulator.md');

export interface KnownDifference {
  /** Of the step; `*` stands for any text. */
  readonly step: string;
  /** Path in the answer; `*` as well. */
  readonly at: string;
  readonly reason: string;
}

const cell = (text: string | undefined): string =>
  (text ?? '').trim().replaceAll('`', '').replaceAll('\\|', '|');

/** Rows `| step | where | reason |`. */
export const knownDifferences = (): readonly KnownDifference[] => {
  const [, section = ''] = readFileSync(FILE, 'utf8').split(/<!-- twin: (?:known differences|end) -->/);
  return section
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((line) => {
      const [, step, at, reason] = line.split(/(?<!\\)\|/);
      return { step: cell(step), at: cell(at), reason: cell(reason) };
    });
};

const patternOf = (text: string): RegExp =>
  new RegExp(
    `^${text
      .split('*')
      .map((part) => part.replaceAll(/[.+?^${}()|[\]\\]/g, '\\$&'))
      .join('.*')}$`,
  );

export const covers =
  ({ step, at }: KnownDifference) =>
  (difference: Difference): boolean =>
    patternOf(step).test(difference.step) && patternOf(at).test(difference.at);
