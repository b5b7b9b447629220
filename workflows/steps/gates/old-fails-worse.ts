import type { Evidence, SideMinute } from '../evidence.ts';

/** Older minutes say nothing about now. */
const FRESH_MS = 180_000;
const REQUESTS_MIN = 30;

/** A side that fails at least this part of its requests is sick. */
const SICK_RATIO = 0.2;

/** A server that died took what it ran along, all in one look: a bunch, which says nothing about those that serve now. */
const SICK_MINUTES_MIN = 2;

/**
 * Is the old side the sick one (protocol P5)? Over the last minutes it failed at least a fifth of its requests, in more
 * than one of them, and more than the new side. Without fresh evidence: no.
 */
export const oldFailsWorse = (evidence: Evidence, nowMs: number): boolean => {
  const fresh = evidence.minutes.filter((minute) => nowMs - minute.atMs <= FRESH_MS);
  const old = ratioOf(fresh.map((minute) => minute.old));
  const sickMinutes = fresh.filter((minute) => ratioOf([minute.old]).ratio >= SICK_RATIO);
  return (
    sickMinutes.length >= SICK_MINUTES_MIN &&
    old.requests >= REQUESTS_MIN &&
    old.ratio >= SICK_RATIO &&
    old.ratio > ratioOf(fresh.map((minute) => minute.new)).ratio
  );
};

const ratioOf = (minutes: readonly SideMinute[]): { readonly requests: number; readonly ratio: number } => {
  const requests = minutes.reduce((sum, minute) => sum + minute.requests, 0);
  const failures = minutes.reduce((sum, minute) => sum + minute.failures, 0);
  return { requests, ratio: requests === 0 ? 0 : failures / requests };
};
