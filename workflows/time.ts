/**
 * Durations and windows. No clock: the time comes in as `nowMs`, milliseconds since 1970 (protocol P9).
 */
import { Temporal } from 'temporal-polyfill';
import type { WindowSpec } from './spec/rollout-spec.ts';

const SECOND_MS = 1000;
const MINUTE_MS = 60 * SECOND_MS;
const HOUR_MS = 60 * MINUTE_MS;
const DAY_MS = 24 * HOUR_MS;

const UNITS = [
  ['d', DAY_MS],
  ['h', HOUR_MS],
  ['m', MINUTE_MS],
  ['s', SECOND_MS],
  ['ms', 1],
] as const;

/** Amounts with units, from the largest unit to the smallest, each at most once; the whole text. */
export const DURATION_PATTERN =
  '^(?=\\d)(\\d{1,9}(\\.\\d{1,3})?d)?(\\d{1,9}(\\.\\d{1,3})?h)?(\\d{1,9}(\\.\\d{1,3})?m(?!s))?(\\d{1,9}(\\.\\d{1,3})?s)?(\\d{1,9}ms)?$';

const DURATION = new RegExp(DURATION_PATTERN, 'u');
const AMOUNT = /([\d.]+)(ms|[dhms])/gu;

/**
 * Milliseconds of a duration such as `10m`, `1h30m`, `2.5s`, `100ms` or `3d`; null when the text is none.
 * A day is 24 hours. Fractions are rounded to whole milliseconds.
 */
export function parseDuration(text: string): number | null {
  if (text.length > 64 || !DURATION.test(text)) return null;
  let totalMs = 0;
  for (const [, amount, unit] of text.matchAll(AMOUNT)) {
    const unitMs = UNITS.find(([name]) => name === unit)?.[1] ?? 0;
    totalMs += Number(amount) * unitMs;
  }
  return Math.round(totalMs);
}

/** The shortest text that `parseDuration` reads back as the same number of milliseconds, e.g. `1h30m`, `0s`. */
export function formatDuration(durationMs: number): string {
  let restMs = Math.round(Math.abs(durationMs));
  if (restMs === 0) return '0s';
  let text = durationMs < 0 ? '-' : '';
  for (const [unit, unitMs] of UNITS) {
    const amount = Math.floor(restMs / unitMs);
    if (amount === 0) continue;
    text += `${amount}${unit}`;
    restMs -= amount * unitMs;
  }
  return text;
}

/** Whether the name is an IANA time zone such as `Europe/Berlin` or `UTC`; offsets like `+02:00` are none. */
export function isTimeZone(name: string): boolean {
  if (!/^[A-Za-z][\w+\-/]{0,63}$/u.test(name)) return false;
  try {
    return new Temporal.ZonedDateTime(0n, name).timeZoneId !== '';
  } catch {
    return false;
  }
}

export type WindowState =
  /** null: never closes. */
  | { readonly open: true; readonly closesAtMs: number | null }
  /** null: never opens. */
  | { readonly open: false; readonly opensAtMs: number | null };

const ALWAYS_OPEN: WindowState = Object.freeze({ open: true, closesAtMs: null });

/** Windows repeat each week, so what is covered for longer than this is covered for ever. */
const HORIZON_DAYS = 9;

type Interval = readonly [fromMs: number, toMs: number];

/**
 * Whether a share may grow at `nowMs`, and until or from when. Several windows are a union; no window at all is
 * always open. The start of a window belongs to it, its end does not. A local time that a change to summer time
 * skips is taken as much later, one that occurs twice as its first occurrence (Temporal's `compatible`).
 */
export function windowState(windows: readonly WindowSpec[], nowMs: number): WindowState {
  if (windows.length === 0) return ALWAYS_OPEN;
  const intervals = windows.flatMap((window) => intervalsAround(window, nowMs));
  intervals.sort((one, other) => one[0] - other[0]);
  let closesAtMs = nowMs;
  let opensAtMs: number | null = null;
  for (const [fromMs, toMs] of intervals) {
    if (fromMs <= closesAtMs) closesAtMs = Math.max(closesAtMs, toMs);
    else if (opensAtMs === null) opensAtMs = fromMs;
  }
  if (closesAtMs === nowMs) return { open: false, opensAtMs };
  return closesAtMs > nowMs + (HORIZON_DAYS - 2) * DAY_MS ? ALWAYS_OPEN : { open: true, closesAtMs };
}

/** The window's intervals of the day before `nowMs` and of the days up to the horizon. */
function intervalsAround(window: WindowSpec, nowMs: number): readonly Interval[] {
  const today = Temporal.Instant.fromEpochMilliseconds(Math.floor(nowMs))
    .toZonedDateTimeISO(window.timeZone)
    .toPlainDate();
  const overMidnight = window.toMinute <= window.fromMinute;
  const intervals: Interval[] = [];
  for (let offset = -1; offset <= HORIZON_DAYS; offset += 1) {
    const day = today.add({ days: offset });
    if (!window.days.includes(day.dayOfWeek)) continue;
    const fromMs = localTimeMs(day, window.fromMinute, window.timeZone);
    const toMs = localTimeMs(overMidnight ? day.add({ days: 1 }) : day, window.toMinute, window.timeZone);
    if (toMs > fromMs && toMs > nowMs) intervals.push([fromMs, toMs]);
  }
  return intervals;
}

function localTimeMs(day: Temporal.PlainDate, minute: number, timeZone: string): number {
  const date = minute === 1440 ? day.add({ days: 1 }) : day;
  const plainTime = minute === 1440 ? Temporal.PlainTime.from('00:00') : atMinute(minute);
  return date.toZonedDateTime({ timeZone, plainTime }).epochMilliseconds;
}

function atMinute(minute: number): Temporal.PlainTime {
  return new Temporal.PlainTime(Math.floor(minute / 60), minute % 60);
}
