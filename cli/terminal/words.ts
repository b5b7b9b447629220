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

/** Objects named `Kind namespace/name` by kind: `InferencePool, 2 Deployments`. */
export const kindsText = (names: readonly string[]): string => {
  const counts = new Map<string, number>();
  for (const name of names) {
    const kind = name.split(' ')[0] ?? name;
    counts.set(kind, (counts.get(kind) ?? 0) + 1);
  }
  return [...counts]
    .map(([kind, count]) => (count === 1 ? kind : `${count} ${kind.replace(/y$/, 'ie')}s`))
    .join(', ');
};
