import { describe, expect, test } from 'vitest';
import { nobodyLooksAlarm } from '../../../simulation/checkers/i16-nobody-looks-alarm.ts';
import type { Seen, Sighting } from '../../../simulation/seen.ts';
import { restored, secondsMs, withMore } from './a-history.ts';
import { anOrder, grown, sentences } from './a-seen.ts';

const told = (seen: Seen): readonly string[] => sentences(nobodyLooksAlarm(seen));

const beat = (at: number, rolloutId = 'r-1'): Sighting => ({
  kind: 'heartbeat',
  atMs: secondsMs(at),
  rolloutId,
});

const alarm = (at: number, lastBeatAt: number): Sighting => ({
  kind: 'alarm',
  atMs: secondsMs(at),
  rolloutId: 'r-1',
  lastHeartbeatMs: secondsMs(lastBeatAt),
});

const scrape = (at: number, answered = 8): Sighting => ({
  kind: 'scrape',
  atMs: secondsMs(at),
  process: 'p-1',
  cluster: 'c-1',
  namespace: 'serving',
  pods: ['a'],
  answered,
});

const fault = (what: string, at: number, forS: number): Sighting => ({
  kind: 'fault',
  atMs: secondsMs(at),
  what,
  whom: 'calls',
  forMs: forS * 1000,
});

const every = (
  seconds: number,
  from: number,
  to: number,
  make: (at: number) => Sighting,
): readonly Sighting[] =>
  Array.from({ length: Math.floor((to - from) / seconds) + 1 }, (_, index) => make(from + index * seconds));

/** 25 % from 25 s until everything is back after 2000 s; a look after 40 s. */
const history = (...more: readonly (readonly Sighting[])[]): Seen =>
  withMore(
    grown()
      .at(2_000)
      .entry({ from: 'shifting', to: 'rollingBack' })
      .write({ llm: 1, 'llm-new': 0 }, { fence: 5 })
      .seen(),
    more.flat(),
  );

const looked = every(60, 45, 1_995, (at) => scrape(at));
const beaten = every(60, 46, 1_996, (at) => beat(at));

const without = (list: readonly Sighting[], from: number, to: number): readonly Sighting[] =>
  list.filter(({ atMs }) => atMs < secondsMs(from) || atMs > secondsMs(to));

describe('I16: split traffic that nobody looks at raises an alarm', () => {
  test('looked at all the time', () => {
    expect(told(history(looked, beaten))).toStrictEqual([]);
  });

  test('not looked at for more than six minutes, with and without an alarm', () => {
    const gap = [without(looked, 500, 900), without(beaten, 500, 900)];
    expect(nobodyLooksAlarm(history(...gap))).toMatchObject([
      {
        rule: 'I16',
        rolloutId: 'r-1',
        atMs: secondsMs(466),
        sentence: 'traffic was split and nobody looked for 8 min, and no alarm came',
      },
    ]);
    expect(told(history(...gap, [alarm(766, 466)]))).toStrictEqual([]);
    const short = [without(looked, 500, 800), without(beaten, 500, 800)];
    expect(told(history(...short))).toStrictEqual([]);
  });

  test('an alarm that stands since before is enough', () => {
    const monitoringAway = without(beaten, 300, 1_500);
    const gap = without(looked, 700, 1_200);
    const away = fault('answers.monitoringSilent', 250, 1_300);
    expect(told(history(gap, monitoringAway, [alarm(586, 286), away]))).toStrictEqual([]);
  });

  test('without any heartbeat there is no alarm', () => {
    expect(told(history())).toStrictEqual([
      'traffic was split and nobody looked for 32.7 min, and no heartbeat had ever come',
    ]);
  });

  test('nothing has to be looked at once all is given to one side, retired, over, or set back', () => {
    const full = grown()
      .entry({})
      .at(100)
      .write({ llm: 0, 'llm-new': 100 }, { fence: 4 })
      .at(9_000)
      .scrape()
      .seen();
    expect(told(withMore(full, [beat(41)]))).toStrictEqual([]);
    const over = grown().at(100).entry({ from: 'shifting', to: 'failed' }).at(9_000).scrape().seen();
    expect(told(over)).toStrictEqual([]);
    const split = grown().entry({}).at(9_000).scrape().seen();
    expect(told(split)).toHaveLength(1);
    expect(told(withMore(split, [restored(100)]))).toStrictEqual([]);
  });

  test('what others split before our first write is not ours to watch', () => {
    const seen = history(looked, beaten);
    const others = { ...seen, orders: [anOrder({ rolloutId: 'r-7' })] };
    expect(told(others)).toStrictEqual([]);
  });
});

describe('I16: heartbeats tell the truth', () => {
  test('a heartbeat that nobody’s look stands behind', () => {
    expect(told(history(without(looked, 500, 800), beaten))).toStrictEqual([
      'a heartbeat came though nobody had looked for 2 min',
      'a heartbeat came though nobody had looked for 3 min',
      'a heartbeat came though nobody had looked for 4 min',
      'a heartbeat came though nobody had looked for 5 min',
    ]);
  });

  test('a heartbeat that may have been under way for long is excused, and one in a rollback', () => {
    const quiet = without(looked, 500, 800);
    expect(told(history(quiet, beaten, [fault('calls.lateCall', 0, 700)]))).toStrictEqual([]);
    expect(told(history(quiet, beaten, [fault('frozen', 460, 300)]))).toStrictEqual([]);
    expect(told(history(quiet, beaten, [fault('calls.lostAnswer', 0, 700)]))).not.toStrictEqual([]);
    const sentAt = (at: number): Sighting => ({
      kind: 'heartbeat',
      atMs: secondsMs(700),
      issuedAtMs: secondsMs(at),
      rolloutId: 'r-1',
    });
    const late = fault('calls.lateCall', 0, 700);
    const rest = without(beaten, 500, 800);
    expect(told(history(quiet, rest, [late, sentAt(500)]))).toStrictEqual([]);
    expect(told(history(quiet, rest, [late, sentAt(695)]))).toStrictEqual([
      'a heartbeat came though nobody had looked for 3.8 min',
    ]);
  });

  test('an alarm while the pods were asked and answered is a false one', () => {
    const silent = without(beaten, 500, 900);
    expect(told(history(looked, silent, [alarm(766, 466)]))).toStrictEqual([
      'an alarm came though the pods were asked all the time',
    ]);
    expect(
      told(history(looked, silent, [alarm(766, 466), fault('answers.monitoringSilent', 0, 600)])),
    ).toStrictEqual([]);
  });

  test('an alarm while nobody answered is none', () => {
    const unanswered = every(60, 45, 1_995, (at) => scrape(at, at > 460 && at < 800 ? 0 : 8));
    expect(told(history(unanswered, without(beaten, 500, 900), [alarm(766, 466)]))).toStrictEqual([]);
  });
});
