/** Figures and times as people read them on a terminal. */

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;

/** `09:22:05`, UTC. */
export const clockText = (ms: number): string => new Date(ms).toISOString().slice(11, 19);

/** `12s`, `3m12s`, `1h05m`, `2d03h`: two units at most. */
export const spanText = (ms: number): string => {
  const two = (value: number): string => String(Math.floor(value)).padStart(2, '0');
  const whole = Math.max(0, Math.round(ms / SECOND_MS)) * SECOND_MS;
  if (whole < MINUTE_MS) return `${whole / SECOND_MS}s`;
  if (whole < HOUR_MS) {
    const seconds = (whole % MINUTE_MS) / SECOND_MS;
    return `${Math.floor(whole / MINUTE_MS)}m${seconds === 0 ? '' : `${two(seconds)}s`}`;
  }
  const hours = Math.floor(whole / HOUR_MS);
  if (hours >= 48) return `${Math.floor(hours / 24)}d${two(hours % 24)}h`;
  const minutes = (whole % HOUR_MS) / MINUTE_MS;
  return `${hours}h${Math.floor(minutes) === 0 ? '' : `${two(minutes)}m`}`;
};

/** `1 234 567`. */
export const countText = (count: number): string =>
  Math.round(count)
    .toString()
    .replace(/\B(?=(\d{3})+$)/g, ' ');

/** `2.06 %`; `—` where there is nothing yet. */
export const ratioText = (ratio: number | null): string =>
  ratio === null ? '—' : `${(100 * ratio).toFixed(2)} %`;

/** `25 %`, `24.6 %`. */
export const percentText = (percent: number | null, digits = 0): string =>
  percent === null ? '—' : `${percent.toFixed(Number.isInteger(percent) ? 0 : Math.max(1, digits))} %`;

/** `3 objects`, `1 object`. */
export const counted = (count: number, one: string, many = `${one}s`): string =>
  `${countText(count)} ${count === 1 ? one : many}`;

/** A list in a line: all of a few, else the first ones and how many more. */
export const listText = (items: readonly string[], most = 6): string =>
  items.length <= most
    ? items.join(', ')
    : `${items.slice(0, most).join(', ')} and ${items.length - most} more`;
