import { describe, expect, test } from 'vitest';
import type { Evidence, Minute, SideMinute } from '../../../../../workflows/steps/evidence.ts';
import { emptyEvidence } from '../../../../../workflows/steps/evidence.ts';
import {
  type MinuteView,
  minuteTripwires,
  splitOfRung,
} from '../../../../../workflows/steps/gates/tripwires.ts';

const MINUTE = 60_000;
const ALL = ['errors.fast', 'ready', 'queue', 'split'];

const side = (given: Partial<SideMinute> = {}): SideMinute => ({
  requests: 0,
  failures: 0,
  ready: 8,
  silent: 0,
  waitingPerReady: 0,
  pickersReady: 1,
  ...given,
});

type Told = readonly [fresh: Partial<SideMinute>, old?: Partial<SideMinute>];

const evidenceOf = (told: readonly Told[], gapAt = -1): Evidence => {
  const minutes: Minute[] = [];
  let atMs = 0;
  for (const [index, [fresh, old]] of told.entries()) {
    const fromMs = index === 0 ? null : atMs;
    atMs += index === gapAt ? 10 * MINUTE : MINUTE;
    minutes.push({ fromMs, atMs, new: side(fresh), old: side(old) });
  }
  return { ...emptyEvidence(), minutes };
};

const view = (told: readonly Told[], given: Partial<MinuteView> = {}): MinuteView => ({
  gates: { tripwires: ALL },
  evidence: evidenceOf(told),
  sharePercent: 25,
  confirmedAtMs: null,
  replicas: 8,
  pools: { old: 'llm', new: 'llm-new' },
  ...given,
});

const gateOf = (told: readonly Told[], given: Partial<MinuteView> = {}): string | null =>
  minuteTripwires(view(told, given))?.gate ?? null;

const errors = (failures: number, requests: number, oldFailures = 0): Told => [
  { failures, requests },
  { failures: oldFailures, requests: 1000 },
];

describe('errors.fast', () => {
  test.each([
    ['6 % for three minutes', [errors(6, 100), errors(6, 100), errors(6, 100)], 'errors.fast'],
    ['just 5 %', [errors(5, 100), errors(5, 100), errors(5, 100)], null],
    ['a hair over 5 %', [errors(51, 1000), errors(51, 1000), errors(51, 1000)], 'errors.fast'],
    ['3 points over the old side', [errors(80, 1000, 50), errors(80, 1000, 50), errors(80, 1000, 50)], null],
    [
      'more than 3 points over it',
      [errors(81, 1000, 50), errors(81, 1000, 50), errors(81, 1000, 50)],
      'errors.fast',
    ],
    ['29 requests in two minutes, 9 failures', [errors(4, 14), errors(4, 14), errors(5, 15)], null],
    ['29 requests, 10 failures', [errors(5, 14), errors(5, 14), errors(5, 15)], 'errors.fast'],
    ['30 requests, 2 failures', [errors(1, 15), errors(1, 15), errors(1, 15)], 'errors.fast'],
    ['one bad minute among good ones', [errors(0, 100), errors(60, 100), errors(0, 100)], null],
    ['a bad minute, the second just begun', [errors(0, 100), errors(0, 100), errors(60, 100)], null],
    ['two bad minutes', [errors(0, 100), errors(60, 100), errors(60, 100)], 'errors.fast'],
    ['the very first two minutes', [errors(60, 100), errors(60, 100)], 'errors.fast'],
    ['no requests at all', [errors(0, 0), errors(0, 0), errors(0, 0)], null],
  ] as const)('%s', (_name, told, expected) => {
    expect(gateOf(told)).toBe(expected);
  });

  test('minutes around a gap are not consecutive', () => {
    const told = [errors(60, 100), errors(60, 100)];
    expect(gateOf(told, { evidence: evidenceOf(told, 1) })).toBeNull();
  });

  test('says what a person can repeat', () => {
    expect(minuteTripwires(view([errors(40, 300, 1), errors(43, 302, 1), errors(43, 303, 1)]))).toEqual({
      kind: 'tripped',
      gate: 'errors.fast',
      action: 'rollback',
      sentence: 'errors on llm-new 14.2 % (86 of 605) for 2 min, on llm 0.1 % (2 of 2,000); limit 5 %',
      samples: 605,
      newValue: 86 / 605,
      oldValue: 0.001,
      limit: 0.05,
    });
  });
});

describe('ready', () => {
  const ready = (...counts: readonly number[]): readonly Told[] => counts.map((count) => [{ ready: count }]);
  test.each([
    ['2 of 8 carry 25 %', ready(2, 2), 25, null],
    ['1 of 8 does not', ready(1, 1), 25, 'ready'],
    ['for one minute it may', ready(2, 1), 25, null],
    ['and back again', ready(1, 2), 25, null],
    ['1 of 8 carries 12.5 %', ready(1, 1), 12.5, null],
    ['but not 13 %', ready(1, 1), 13, 'ready'],
    ['none carries 1 %', ready(0, 0), 1, 'ready'],
    ['7 of 8 carry no 100 %', ready(7, 7), 100, 'ready'],
    ['8 of 8 do', ready(8, 8), 100, null],
    ['at a share of 0 nothing is asked', ready(0, 0), 0, null],
  ] as const)('%s', (_name, told, sharePercent, expected) => {
    expect(gateOf(told, { sharePercent })).toBe(expected);
  });

  test('without a ready picker no replica is', () => {
    const none: Told = [{ ready: 8, pickersReady: 0 }];
    expect(gateOf([none, none])).toBe('ready');
    expect(gateOf([[{ pickersReady: null }], [{ pickersReady: null }]])).toBeNull();
    expect(minuteTripwires(view([none, none]))?.sentence).toBe(
      'llm-new has no ready endpoint picker for 2 min; a share of 25 % needs 2 of 8 replicas',
    );
  });
});

describe('queue', () => {
  const waiting = (fresh: number | null, old: number | null = 0): Told => [
    { waitingPerReady: fresh },
    { waitingPerReady: old },
  ];
  test.each([
    ['5 wait', [waiting(5), waiting(5), waiting(5)], null],
    ['more than 5', [waiting(5.1), waiting(5.1), waiting(5.1)], 'queue'],
    ['for two minutes', [waiting(0), waiting(9), waiting(9)], null],
    ['three times the old side', [waiting(12, 4), waiting(12, 4), waiting(12, 4)], null],
    ['more than that', [waiting(12.1, 4), waiting(12.1, 4), waiting(12.1, 4)], 'queue'],
    ['the old side silent', [waiting(9, null), waiting(9, null), waiting(9, null)], 'queue'],
    ['the new side silent', [waiting(9), waiting(null), waiting(9)], null],
  ] as const)('%s', (_name, told, expected) => {
    expect(gateOf(told)).toBe(expected);
  });
});

describe('split, over five minutes', () => {
  const minutes = (fresh: number, old: number, length = 7): readonly Told[] =>
    Array.from({ length }, () => [{ requests: fresh }, { requests: old }] as const);
  test.each([
    ['its share', minutes(100, 300), null],
    ['half of it', minutes(50, 350), null],
    ['under half of it', minutes(49, 351), 'split'],
    ['twice its share', minutes(200, 200), null],
    ['over twice', minutes(201, 199), 'split'],
    ['nothing, of 200 requests', minutes(0, 40), 'split'],
    ['nothing, of fewer', minutes(0, 39), null],
    ['nothing that anybody counted', [...minutes(0, 400, 6), [{ silent: 1 }, { requests: 400 }]], null],
    [
      'what nobody counted of the old side',
      [...minutes(400, 0, 6), [{ requests: 400 }, { silent: 8 }]],
      null,
    ],
  ] as const)('%s of 25 percent', (_name, told, expected) => {
    expect(gateOf(told, { confirmedAtMs: MINUTE })).toBe(expected);
  });

  test('chance is no deviation: 8 of 1,000 at a share of 2 holds nothing, 2 of 4,000 does', () => {
    expect(gateOf(minutes(1.6, 198.4), { confirmedAtMs: MINUTE, sharePercent: 2 })).toBeNull();
    expect(gateOf(minutes(0.4, 799.6), { confirmedAtMs: MINUTE, sharePercent: 2 })).toBe('split');
  });

  test('asks only about the time since the confirmation, and holds', () => {
    const told = minutes(0, 400);
    expect(gateOf(told, { confirmedAtMs: null })).toBeNull();
    expect(gateOf(told, { confirmedAtMs: 2 * MINUTE + 1 })).toBeNull();
    expect(minuteTripwires(view(told, { confirmedAtMs: 2 * MINUTE }))).toEqual({
      kind: 'tripped',
      gate: 'split',
      action: 'hold',
      sentence: 'llm-new got 0 % (0 of 2,000) for 5 min; its share is 25 %',
      samples: 2000,
      newValue: 0,
      oldValue: 1,
      limit: 0.125,
    });
  });
});

describe('split, at a share of 100', () => {
  test.each([
    ['everything', 100, 0, null],
    ['half of it', 100, 100, null],
    ['less than the old side', 99, 101, 'split'],
  ] as const)('%s arrives on the new side', (_name, fresh, old, expected) => {
    const told = Array.from({ length: 7 }, () => [{ requests: fresh }, { requests: old }] as const);
    expect(gateOf(told, { confirmedAtMs: MINUTE, sharePercent: 100 })).toBe(expected);
  });
});

describe('split, at the end of a bake of three minutes', () => {
  const told = (fresh: number): readonly Told[] =>
    Array.from({ length: 4 }, () => [{ requests: fresh }, { requests: 400 }] as const);
  const short = (fresh: number, given: Partial<MinuteView> = {}) =>
    splitOfRung(view(told(fresh), { confirmedAtMs: MINUTE, ...given }), MINUTE);

  test('a share that never arrived is said, of the time after the settling', () => {
    expect(short(0)).toMatchObject({
      gate: 'split',
      samples: 800,
      sentence: 'llm-new got 0 % (0 of 800) on this rung; its share is 25 %',
    });
    expect(gateOf(told(0), { confirmedAtMs: MINUTE })).toBeNull();
  });

  test('nothing is said of one that arrived, of one that is not confirmed, or where split is off', () => {
    expect(short(130)).toBeNull();
    expect(short(0, { confirmedAtMs: null })).toBeNull();
    expect(short(0, { gates: { tripwires: ['ready'] } })).toBeNull();
  });
});

test('a tripwire that is not in force does not trip, and a rollback goes before a hold', () => {
  const told: readonly Told[] = Array.from({ length: 7 }, () => [
    { requests: 10, failures: 9, ready: 0, waitingPerReady: 50 },
    { requests: 1000 },
  ]);
  const without = (...gates: readonly string[]): string | null =>
    gateOf(told, { confirmedAtMs: 0, gates: { tripwires: ALL.filter((gate) => !gates.includes(gate)) } });
  expect(without()).toBe('errors.fast');
  expect(without('errors.fast')).toBe('ready');
  expect(without('errors.fast', 'ready')).toBe('queue');
  expect(without('errors.fast', 'ready', 'queue')).toBe('split');
  expect(without(...ALL)).toBeNull();
});

test('nothing seen trips nothing', () => {
  expect(gateOf([])).toBeNull();
});
