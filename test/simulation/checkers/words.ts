/** Figures and objects as violations name them. */
import type { SeenWrite } from '../seen.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

const tenths = (value: number): number => Math.round(value * 10) / 10;

/** A length of time in the unit that suits it: `45 s`, `12.5 min`, `3 h`. */
export const span = (ms: number): string => {
  if (ms < 2 * MINUTE_MS) return `${tenths(ms / SECOND_MS)} s`;
  return ms < 2 * HOUR_MS ? `${tenths(ms / MINUTE_MS)} min` : `${tenths(ms / HOUR_MS)} h`;
};

/** `Deployment team-0/llm`. */
export const nameOfWritten = (write: SeenWrite): string => {
  const kind = (write.after ?? write.before)?.kind ?? write.resource;
  return `${kind} ${write.namespace === null ? '' : `${write.namespace}/`}${write.name}`;
};
