import { describe, expect, test } from 'vitest';
import { clearMs, eventsOf, isTouched, ratesOf } from '../../../simulation/checkers/faults.ts';
import type { Sighting } from '../../../simulation/seen.ts';
import { aHistory, secondsMs } from './a-history.ts';
import { anOrder } from './a-seen.ts';

const asked = { fromMs: 100, toMs: 200 };

describe('time without a fault', () => {
  test('is all of it where there was none', () => {
    expect(clearMs(asked, [])).toBe(100);
    expect(
      clearMs(asked, [
        { fromMs: 0, toMs: 100 },
        { fromMs: 200, toMs: 300 },
      ]),
    ).toBe(100);
  });

  test('what overlaps counts once, in whatever order it comes', () => {
    const others = [
      { fromMs: 150, toMs: 170 },
      { fromMs: 90, toMs: 120 },
      { fromMs: 110, toMs: 115 },
      { fromMs: 160, toMs: 180 },
    ];
    expect(clearMs(asked, others)).toBe(50);
    expect(isTouched({ fromMs: 120, toMs: 150 }, others)).toBe(false);
    expect(isTouched({ fromMs: 119, toMs: 150 }, others)).toBe(true);
  });

  test('is none where it was covered', () => {
    expect(clearMs(asked, [{ fromMs: 0, toMs: Number.POSITIVE_INFINITY }])).toBe(0);
  });
});

test('single events have an aftermath, rates hold for their phase', () => {
  const fault = (what: string, forMs: number | null): Sighting => ({
    kind: 'fault',
    atMs: secondsMs(10),
    what,
    whom: '',
    forMs,
  });
  const away: Sighting = {
    kind: 'act',
    atMs: secondsMs(50),
    what: 'apiUnreachable',
    detail: { forMs: 5_000 },
  };
  const sightings = [fault('crashed', null), fault('outage', 20_000), fault('calls.lostCall', 90_000), away];
  const seen = aHistory([anOrder()], sightings);
  expect(eventsOf(seen)).toStrictEqual([
    { fromMs: secondsMs(10), toMs: secondsMs(190) },
    { fromMs: secondsMs(10), toMs: secondsMs(150) },
    { fromMs: secondsMs(50), toMs: secondsMs(175) },
  ]);
  expect(ratesOf(seen)).toStrictEqual([{ fromMs: secondsMs(10), toMs: secondsMs(100) }]);
  expect(ratesOf(seen, (what) => what.startsWith('answers.'))).toStrictEqual([]);
});
