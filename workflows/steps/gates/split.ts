/**
 * Does the new side get what the stored weights should bring? Shares are compared with what both sides together got,
 * so that more or less traffic for both says nothing.
 */
import type { Evidence } from '../evidence.ts';
import { shortfallZ } from './chance.ts';

/** Requests that must be expected on the new side before too few of them mean anything. */
export const EXPECTED_MIN = 60;

/**
 * A deviation counts only when chance does not explain it: five standard deviations. With the 60 requests expected a
 * side that gets nothing lies at 7.7 or more; half of its share at 5 requests a second lies at 4 and happens by itself.
 */
const CHANCE_Z = 5;

export interface Arrivals {
  readonly old: number;
  readonly new: number;
}

/** What the share should bring, given what the old side got. */
export const expectedNew = (arrivals: Arrivals, sharePercent: number): number =>
  sharePercent >= 100 ? 0 : (arrivals.old * sharePercent) / (100 - sharePercent);

/** The share that was measured, over the stored one; null where nothing arrived. */
export const measuredOverStored = (arrivals: Arrivals, sharePercent: number): number | null => {
  const total = arrivals.old + arrivals.new;
  return total <= 0 || sharePercent <= 0 ? null : arrivals.new / total / (sharePercent / 100);
};

const judgeable = (arrivals: Arrivals, sharePercent: number): boolean =>
  sharePercent > 0 && sharePercent < 100 && expectedNew(arrivals, sharePercent) >= EXPECTED_MIN;

/** Under half of the share, and not by chance. */
export const fellShort = (arrivals: Arrivals, sharePercent: number): boolean => {
  if (!judgeable(arrivals, sharePercent)) return false;
  const measured = measuredOverStored(arrivals, sharePercent);
  const z = shortfallZ(arrivals.new, arrivals.old + arrivals.new, sharePercent / 100);
  return measured !== null && measured < 0.5 && z >= CHANCE_Z;
};

/** Carried its share once: within a quarter of it. */
export const carries = (arrivals: Arrivals, sharePercent: number): boolean => {
  if (!judgeable(arrivals, sharePercent)) return false;
  const measured = measuredOverStored(arrivals, sharePercent);
  return measured !== null && measured >= 0.75;
};

/** Outside half and twice the share, and not by chance. At a share of 100 the old side should get nothing at all. */
export const isOff = (arrivals: Arrivals, sharePercent: number): boolean => {
  const measured = measuredOverStored(arrivals, sharePercent);
  if (measured === null || (measured >= 0.5 && measured <= 2)) return false;
  if (sharePercent >= 100) return true;
  const z = shortfallZ(arrivals.new, arrivals.old + arrivals.new, sharePercent / 100);
  return Math.abs(z) >= CHANCE_Z;
};

/**
 * Whether a minute since the confirmation shows the new side carrying its share: a wake that has just begun knows only
 * its own looks, and this tells it what earlier ones saw.
 */
export const hasCarried = (evidence: Evidence, sharePercent: number, confirmedAtMs: number | null): boolean =>
  confirmedAtMs !== null &&
  evidence.minutes.some(
    (minute) =>
      minute.fromMs !== null &&
      minute.fromMs >= confirmedAtMs &&
      carries({ old: minute.old.requests, new: minute.new.requests }, sharePercent),
  );
