import type { JournalEntry } from '../../workflows/rollout/stored.ts';
import type { Paint, Palette } from './palette.ts';
import { clockText } from './words.ts';

/** Minutes that were observed and led to nothing are left out: there are hundreds of them. */
export const isTelling = ({ message, from, to, refusal }: JournalEntry): boolean =>
  message.kind !== 'observed' || from !== to || refusal !== null;

const STATES_BAD = new Set(['rollingBack', 'failing', 'failed', 'rolledBack']);

/** One entry of the journal in one line. */
export const entryLine = (entry: JournalEntry, palette: Palette): string => {
  const { atMs, from, to, sentence, refusal, message } = entry;
  const isHold = message.kind === 'noticed';
  const paint: Paint =
    refusal !== null || isHold
      ? palette.warn
      : from !== to && STATES_BAD.has(to)
        ? palette.bad
        : to === 'promoted'
          ? palette.good
          : (text) => text;
  return `${palette.faint(clockText(atMs))}  ${paint(sentence)}`;
};
