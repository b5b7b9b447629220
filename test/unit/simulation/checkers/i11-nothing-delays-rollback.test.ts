import { describe, expect, test } from 'vitest';
import { nothingDelaysRollback } from '../../../simulation/checkers/i11-nothing-delays-rollback.ts';
import type { Seen, SeenEntry, Sighting } from '../../../simulation/seen.ts';
import { commanded, secondsMs, sent, withMore } from './a-history.ts';
import { anOrder, grown, type Story, sentences } from './a-seen.ts';

const told = (seen: Seen): readonly string[] => sentences(nothingDelaysRollback(seen));

const rollback: Partial<SeenEntry> = {
  message: commanded('rollback', 'rollback-1', { reason: '' }),
  from: 'shifting',
  to: 'rollingBack',
};

/** 25 % since 25 s; decided after 60 s, given back after so many seconds. */
const backAfter = (seconds: number, before: (story: Story) => Story, order = anOrder()): Story =>
  before(grown(order))
    .at(60)
    .entry(rollback)
    .at(60 + seconds)
    .write({ llm: 1, 'llm-new': 0 }, { fence: 5 });

const paused = (story: Story): Story => story.at(50).command('pause', { generation: 1 });
const free = (story: Story): Story => story;

const fault = (what: string, at: number, forS: number): Sighting => ({
  kind: 'fault',
  atMs: secondsMs(at),
  what,
  whom: 'store',
  forMs: forS * 1000,
});

describe('I11: nothing that holds growth delays a rollback', () => {
  test('back at once while paused passes', () => {
    expect(told(backAfter(10, paused).seen())).toStrictEqual([]);
    expect(told(backAfter(179, paused).seen())).toStrictEqual([]);
  });

  test('back late while paused is found, and so is never', () => {
    expect(nothingDelaysRollback(backAfter(600, paused).seen())).toMatchObject([
      {
        rule: 'I11',
        rolloutId: 'r-1',
        atMs: secondsMs(60),
        sentence:
          'the rollback of entry 2 waited 10 min beyond all faults for its traffic, with a pause in force',
      },
    ]);
    const never = paused(grown())
      .at(60)
      .entry(rollback)
      .at(3_660)
      .entry({ from: 'rollingBack', to: 'rollingBack' });
    expect(told(never.seen())).toStrictEqual([
      'the rollback of entry 2 waited 60 min beyond all faults for its traffic, with a pause in force',
    ]);
  });

  test('late with nothing in force is another rule’s matter', () => {
    expect(told(backAfter(600, free).seen())).toStrictEqual([]);
    const resumed = (story: Story): Story => paused(story).at(55).command('resume', { generation: 2 });
    expect(told(backAfter(600, resumed).seen())).toStrictEqual([]);
  });

  test.each([
    ['a hold', (story: Story) => story.at(50).outcome('wayBackRefused')],
    [
      'a hold',
      (story: Story) =>
        story.at(50).entry({ message: { kind: 'noticed', messageId: 'n', notice: { kind: 'drifted' } } }),
    ],
    [
      'a freeze',
      (story: Story) => story.add(sent(50, { action: 'freeze', id: 'freeze-1', rolloutId: null })),
    ],
  ] as const)('%s is one of the things that may not delay it', (what, before) => {
    expect(told(backAfter(600, before).seen())).toStrictEqual([
      expect.stringContaining(`with ${what} in force`),
    ]);
  });

  test('neither may a window that is closed, nor an approval that is awaited', () => {
    const windows = [{ fromMs: secondsMs(1_000), toMs: secondsMs(2_000) }];
    expect(told(backAfter(600, free, anOrder({ windows })).seen())).toStrictEqual([
      expect.stringContaining('with a closed window in force'),
    ]);
    const open = [{ fromMs: secondsMs(0), toMs: secondsMs(2_000) }];
    expect(told(backAfter(600, free, anOrder({ windows: open })).seen())).toStrictEqual([]);
    const ladder = [{ sharePercent: 100, bakeMs: 1, approval: true }];
    const waits = (story: Story): Story => story.at(50).entry({ effects: ['page'] });
    expect(told(backAfter(600, waits, anOrder({ ladder })).seen())).toStrictEqual([
      expect.stringContaining('with an awaited approval in force'),
    ]);
  });

  test('a fault excuses for as long as it lasts and two minutes', () => {
    const seen = backAfter(600, paused).seen();
    expect(told(withMore(seen, [fault('outage', 60, 400)]))).toStrictEqual([]);
    expect(told(withMore(seen, [fault('outage', 60, 100)]))).toHaveLength(1);
    const away: Sighting = {
      kind: 'act',
      atMs: secondsMs(60),
      what: 'apiUnreachable',
      detail: { forMs: 400_000 },
    };
    expect(told(withMore(seen, [away]))).toStrictEqual([]);
  });

  test('where any call may fail it may take six minutes', () => {
    const shaky = (seconds: number): Seen =>
      withMore(backAfter(seconds, paused).seen(), [fault('calls.lostCall', 0, 9_000)]);
    expect(told(shaky(350))).toStrictEqual([]);
    expect(told(shaky(370))).toHaveLength(1);
  });

  test('an old side that is not whole, or fails, is not moved to', () => {
    const sick = (story: Story): Story => paused(story).side('old', 1);
    expect(told(backAfter(600, sick).seen())).toStrictEqual([]);
    const fails: Sighting = {
      kind: 'act',
      atMs: secondsMs(50),
      what: 'requestsFail',
      detail: { target: { namespace: 'serving', pool: 'llm' } },
    };
    expect(told(withMore(backAfter(600, paused).seen(), [fails]))).toStrictEqual([]);
    const kept = backAfter(600, paused).outcome(
      'rollbackKept',
      {},
      { from: 'rollingBack', to: 'rollingBack' },
    );
    expect(told(kept.seen())).toStrictEqual([]);
  });

  test('an applied rollback or alert goes back in the same entry', () => {
    expect(
      told(
        paused(grown())
          .at(60)
          .entry({ ...rollback, to: 'shifting' })
          .seen(),
      ),
    ).toStrictEqual(['entry 2 applied a rollback in shifting and stayed in shifting']);
    const alert = { message: { kind: 'alert', messageId: 'a' }, from: 'soaking', to: 'soaking' };
    expect(told(grown().at(60).entry(alert).seen())).toStrictEqual([
      'entry 1 applied an alert in soaking and stayed in soaking',
    ]);
  });

  test('a rollback is never refused while there is a way back', () => {
    const refused = { ...rollback, to: 'shifting', refusal: 'it is paused' };
    expect(told(paused(grown()).at(60).entry(refused).seen())).toStrictEqual([
      'entry 2 refused a rollback in shifting: "it is paused"',
    ]);
    const late = { ...refused, from: 'retiring', to: 'retiring', refusal: 'too late' };
    expect(told(grown().at(60).entry(late).seen())).toStrictEqual([]);
  });

  test('an alert is refused only if it is about something else or from before', () => {
    const alert = (policy: string, startedAt: number): Partial<SeenEntry> => ({
      message: {
        kind: 'alert',
        messageId: 'incident/i-1/open',
        incident: { policy, startedAtMs: secondsMs(startedAt) },
      },
      refusal: 'it is paused',
    });
    const refused = (entry: Partial<SeenEntry>): readonly string[] =>
      told(grown().at(60).entry(entry).seen());
    expect(refused(alert('projects/acme/alertPolicies/1', 30))).toStrictEqual([
      'entry 1 refused an alert in shifting: "it is paused"',
    ]);
    expect(refused(alert('projects/acme/alertPolicies/2', 30))).toStrictEqual([]);
    expect(refused(alert('projects/acme/alertPolicies/1', 10))).toStrictEqual([]);
  });
});
