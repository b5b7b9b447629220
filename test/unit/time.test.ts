import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { WindowSpec } from '../../workflows/spec/rollout-spec.ts';
import { formatDuration, isTimeZone, parseDuration, windowState } from '../../workflows/time.ts';

const at = (text: string): number => new Date(text).getTime();

describe('a duration', () => {
  test.each([
    ['10m', 600_000],
    ['1h30m', 5_400_000],
    ['90s', 90_000],
    ['3d', 259_200_000],
    ['2.5s', 2500],
    ['100ms', 100],
    ['1m5ms', 60_005],
    ['1d2h3m4s5ms', 93_784_005],
    ['0s', 0],
    ['1.5h', 5_400_000],
  ])('%s is %d ms', (text, durationMs) => {
    expect(parseDuration(text)).toBe(durationMs);
  });

  test.each([
    '',
    '10',
    'm',
    '10 m',
    '-1m',
    '1s1m',
    '1m1m',
    '1e3s',
    '10M',
    '1w',
    '1.m',
    '.5s',
    ' 1m',
    '1m ',
    '0x1s',
    '١m',
  ])('%j is none', (text) => {
    expect(parseDuration(text)).toBeNull();
  });

  test('written by us is read back as the same', () => {
    fc.assert(
      fc.property(fc.nat({ max: 100 * 86_400_000 }), (durationMs) => {
        expect(parseDuration(formatDuration(durationMs))).toBe(durationMs);
      }),
    );
    expect([0, 1, 90_000, 5_400_000, 86_400_000, 90_061_001].map(formatDuration)).toEqual([
      '0s',
      '1ms',
      '1m30s',
      '1h30m',
      '1d',
      '1d1h1m1s1ms',
    ]);
  });
});

test('a time zone is an IANA name, not an offset', () => {
  const names = [
    'UTC',
    'Europe/Berlin',
    'America/Argentina/Ushuaia',
    '+02:00',
    'Mars/Base',
    '',
    'Z',
    'a'.repeat(500),
  ];
  expect(names.map(isTimeZone)).toEqual([true, true, true, false, false, false, false, false]);
});

const office: WindowSpec = {
  days: [1, 2, 3, 4, 5],
  fromMinute: 540,
  toMinute: 1020,
  timeZone: 'Europe/Berlin',
};
const night: WindowSpec = { days: [6], fromMinute: 1320, toMinute: 360, timeZone: 'Europe/Berlin' };
const allDay: WindowSpec = { days: [1, 2, 3, 4, 5, 6, 7], fromMinute: 0, toMinute: 1440, timeZone: 'UTC' };

describe('windows', () => {
  test('that do not exist are always open', () => {
    expect(windowState([], 0)).toEqual({ open: true, closesAtMs: null });
  });

  test('open and close at local times; the start belongs to them, the end does not', () => {
    // Thursday to Monday in winter: Berlin is one hour ahead of UTC.
    expect(windowState([office], at('2026-11-19T07:59:59.999Z'))).toEqual({
      open: false,
      opensAtMs: at('2026-11-19T08:00:00Z'),
    });
    expect(windowState([office], at('2026-11-19T08:00:00Z'))).toEqual({
      open: true,
      closesAtMs: at('2026-11-19T16:00:00Z'),
    });
    expect(windowState([office], at('2026-11-20T16:00:00Z'))).toEqual({
      open: false,
      opensAtMs: at('2026-11-23T08:00:00Z'),
    });
  });

  test('keep their local times when summer time begins and ends', () => {
    // Summer time began on Sunday 2026-03-29 and ends on Sunday 2026-10-25.
    expect(windowState([office], at('2026-03-27T16:00:00Z'))).toEqual({
      open: false,
      opensAtMs: at('2026-03-30T07:00:00Z'),
    });
    expect(windowState([office], at('2026-10-23T15:00:00Z'))).toEqual({
      open: false,
      opensAtMs: at('2026-10-26T08:00:00Z'),
    });
  });

  test('over midnight last as long as the clock says, an hour less or more when it is changed', () => {
    const hours = ['2026-01-10', '2026-03-28', '2026-10-24'].map((day) => {
      const openedAtMs = at(
        `${day}T${day === '2026-01-10' ? '21' : day === '2026-03-28' ? '21' : '20'}:00:00Z`,
      );
      const state = windowState([night], openedAtMs);
      return state.open && state.closesAtMs !== null ? (state.closesAtMs - openedAtMs) / 3_600_000 : null;
    });
    expect(hours).toEqual([8, 7, 9]);
  });

  test('over midnight are open on the morning after', () => {
    expect(windowState([night], at('2026-01-11T04:59:00Z'))).toEqual({
      open: true,
      closesAtMs: at('2026-01-11T05:00:00Z'),
    });
    expect(windowState([night], at('2026-01-11T05:00:00Z'))).toEqual({
      open: false,
      opensAtMs: at('2026-01-17T21:00:00Z'),
    });
  });

  test('whose start is skipped by summer time open as much later', () => {
    const skipped = { ...night, days: [7], fromMinute: 150, toMinute: 300 };
    expect(windowState([skipped], at('2026-03-29T00:00:00Z'))).toEqual({
      open: false,
      opensAtMs: at('2026-03-29T01:30:00Z'),
    });
  });

  test('that touch or overlap are one', () => {
    const evening = { ...office, fromMinute: 1020, toMinute: 1200 };
    const lunch = { ...office, fromMinute: 660, toMinute: 840 };
    expect(windowState([lunch, evening, office], at('2026-11-19T11:00:00Z'))).toEqual({
      open: true,
      closesAtMs: at('2026-11-19T19:00:00Z'),
    });
  });

  test('of all days never close, and of no day never open', () => {
    expect(windowState([allDay], at('2026-11-19T11:00:00Z'))).toEqual({ open: true, closesAtMs: null });
    expect(windowState([{ ...allDay, days: [] }], at('2026-11-19T11:00:00Z'))).toEqual({
      open: false,
      opensAtMs: null,
    });
  });

  test('agree with themselves: what they say about a later moment is so', () => {
    const window = fc.record({
      days: fc.uniqueArray(fc.integer({ min: 1, max: 7 }), { minLength: 1 }),
      fromMinute: fc.integer({ min: 0, max: 1439 }),
      toMinute: fc.integer({ min: 0, max: 1440 }),
      timeZone: fc.constantFrom(
        'UTC',
        'Europe/Berlin',
        'America/New_York',
        'Australia/Lord_Howe',
        'Asia/Kolkata',
      ),
    });
    const counts = { opens: 0, closes: 0 };
    fc.assert(
      fc.property(
        fc.array(window, { minLength: 1, maxLength: 3 }),
        fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') }),
        (windows, nowMs) => {
          const state = windowState(windows, nowMs);
          const changesAtMs = state.open ? state.closesAtMs : state.opensAtMs;
          if (changesAtMs === null) return;
          counts[state.open ? 'closes' : 'opens'] += 1;
          expect(changesAtMs).toBeGreaterThan(nowMs);
          expect(windowState(windows, changesAtMs - 1).open).toBe(state.open);
          expect(windowState(windows, changesAtMs).open).toBe(!state.open);
          expect(windowState(windows, Math.floor((nowMs + changesAtMs) / 2)).open).toBe(state.open);
        },
      ),
      { numRuns: 500 },
    );
    expect(Math.min(counts.opens, counts.closes)).toBeGreaterThan(50);
  });
});
