/** I16: split traffic that nobody evaluates raises an alarm outside the product, and heartbeats tell the truth. */
import type { Checker, Order, Seen, Violation } from '../seen.ts';
import { raisesOf } from './climb.ts';
import { eventsOf, type Interval, isTouched, ratesOf } from './faults.ts';
import { rollbackOf } from './journal.ts';
import { type Life, livesOf } from './lives.ts';
import { givenBackMs, joined, sharesOverTime, splitTimes } from './shares.ts';
import { between, lastAt, timelineOf } from './timeline.ts';
import { span } from './words.ts';

const MINUTE_MS = 60_000;

/** Five minutes until the alarm, and a minute between a look and its heartbeat. */
const GAP_MS = 6 * MINUTE_MS;

/** A heartbeat speaks of a look that is not older. */
const HONEST_MS = 2 * MINUTE_MS;

/** The longest that a call may be on its way. */
const LATE_MS = 11 * MINUTE_MS;

type Watched = Life & { readonly order: Order };

/** When the product looks after the split: from its first write to what was there until everything is back, retired or over. */
const watchTime = (seen: Seen, life: Watched): Interval => {
  const { order, entries, rolloutId, end, restoredAtMs } = life;
  // What it created gives the new side nothing; others may have written to it before the product does.
  const first = timelineOf(seen)
    .routeWrites(rolloutId)
    .find(({ before, after }) => before !== null && after !== null);
  const back = rollbackOf(entries);
  const backMs = back === undefined ? null : givenBackMs(sharesOverTime(seen, order), back.atMs);
  const retiring = entries.find(({ to }) => to === 'retiring');
  return {
    fromMs: first?.atMs ?? Number.POSITIVE_INFINITY,
    toMs: Math.min(end?.atMs ?? seen.endMs, restoredAtMs, backMs ?? seen.endMs, retiring?.atMs ?? seen.endMs),
  };
};

const violation = (life: Life, atMs: number, sentence: string): Violation => ({
  rule: 'I16',
  atMs,
  rolloutId: life.rolloutId,
  sentence,
});

/** Looks and heartbeats alike break a gap: whether a heartbeat was honest is another question. */
const gaps = (seen: Seen, life: Watched, split: Interval): readonly Violation[] => {
  const timeline = timelineOf(seen);
  const { rolloutId, order } = life;
  const beats = timeline.of('heartbeat').filter((beat) => beat.rolloutId === rolloutId);
  const alarms = timeline.of('alarm').filter((alarm) => alarm.rolloutId === rolloutId);
  const { fromMs, toMs } = split;
  const looks = [...between(timeline.scrapes(order), fromMs, toMs), ...between(beats, fromMs, toMs)];
  const times = [fromMs, ...looks.map(({ atMs }) => atMs).toSorted((one, other) => one - other), toMs];
  return times.flatMap((sinceMs, index) => {
    const untilMs = times[index + 1] ?? sinceMs;
    if (untilMs - sinceMs <= GAP_MS) return [];
    const beat = lastAt(beats, sinceMs);
    if (beat !== undefined && between(alarms, beat.atMs, untilMs).length > 0) return [];
    const why = beat === undefined ? 'no heartbeat had ever come' : 'no alarm came';
    return [
      violation(
        life,
        sinceMs,
        `traffic was split and nobody looked for ${span(untilMs - sinceMs)}, and ${why}`,
      ),
    ];
  });
};

/** A process that stood still sends heartbeats of long ago, and one that landed late may have been honest when it was sent. */
const lies = (seen: Seen, life: Watched, split: Interval): readonly Violation[] => {
  const timeline = timelineOf(seen);
  const scrapes = timeline.scrapes(life.order);
  const frozen = eventsOf(seen, (what) => what === 'frozen');
  const late = ratesOf(seen, (what) => what === 'calls.lateCall');
  const backMs = rollbackOf(life.entries)?.atMs ?? Number.POSITIVE_INFINITY;
  // Before our own first growth they arm the alarm, whoever had split the traffic by then.
  const firstMs = raisesOf(timeline, life.order)[0]?.write.issuedAtMs ?? Number.POSITIVE_INFINITY;
  return timeline.of('heartbeat').flatMap(({ atMs, issuedAtMs, rolloutId }) => {
    const sentMs = issuedAtMs ?? atMs;
    const isAbout = rolloutId === life.rolloutId && sentMs >= split.fromMs + HONEST_MS;
    if (!isAbout || sentMs > Math.min(split.toMs, backMs) || sentMs <= firstMs) return [];
    if (between(scrapes, sentMs - HONEST_MS, sentMs).length > 0) return [];
    const excuses = issuedAtMs === undefined ? [...frozen, ...late] : frozen;
    if (isTouched({ fromMs: sentMs - LATE_MS, toMs: sentMs }, excuses)) return [];
    const last = lastAt(scrapes, sentMs);
    const since = last === undefined ? 'ever' : `for ${span(sentMs - last.atMs)}`;
    return [violation(life, atMs, `a heartbeat came though nobody had looked ${since}`)];
  });
};

/** Were pods asked, and did some answer, at least every two minutes? Where once none did, the alarm says what is true. */
const isWatched = (seen: Seen, order: Order, { fromMs, toMs }: Interval): boolean => {
  const looks = between(timelineOf(seen).scrapes(order), fromMs, toMs);
  if (looks.some(({ answered }) => answered === 0)) return false;
  const times = [fromMs, ...looks.map(({ atMs }) => atMs), toMs];
  return times.every((time, index) => (times[index + 1] ?? time) - time <= HONEST_MS);
};

const falseAlarms = (seen: Seen, life: Watched, split: Interval): readonly Violation[] => {
  const faults = [...eventsOf(seen), ...ratesOf(seen)];
  const backMs = rollbackOf(life.entries)?.atMs ?? Number.POSITIVE_INFINITY;
  return timelineOf(seen)
    .of('alarm')
    .flatMap(({ atMs, rolloutId, lastHeartbeatMs }) => {
      const waited = { fromMs: lastHeartbeatMs, toMs: atMs };
      const isAbout = rolloutId === life.rolloutId && waited.fromMs >= split.fromMs && atMs <= split.toMs;
      if (!isAbout || atMs > backMs || isTouched(waited, faults)) return [];
      return isWatched(seen, life.order, waited)
        ? [violation(life, atMs, 'an alarm came though the pods were asked all the time')]
        : [];
    });
};

export const nobodyLooksAlarm: Checker = (seen) =>
  livesOf(seen).flatMap((life) => {
    if (life.order === undefined) return [];
    const watched = { ...life, order: life.order };
    const times = joined(splitTimes(sharesOverTime(seen, life.order), watchTime(seen, watched)));
    return times.flatMap((split) => [
      ...gaps(seen, watched, split),
      ...lies(seen, watched, split),
      ...falseAlarms(seen, watched, split),
    ]);
  });
