import { describe, expect, test } from 'vitest';
import { appliedOnce } from '../../../simulation/checkers/i08-applied-once.ts';
import type { Sighting } from '../../../simulation/seen.ts';
import { published, restored, secondsMs, sent, withMore } from './a-history.ts';
import { grown, sentences } from './a-seen.ts';

const alert = (at: number, policy = 'projects/acme/alertPolicies/1'): Sighting =>
  sent(at, {
    via: 'alerts',
    id: 'i-7/open',
    action: 'alert',
    rolloutId: null,
    body: { state: 'open', condition: `${policy}/conditions/1` },
  });

const heard = (at: number): Sighting =>
  published(at, { seq: 1, message: { kind: 'alert', messageId: 'incident/i-7/open' } });

const outage = (at: number, forS: number): Sighting => ({
  kind: 'fault',
  atMs: secondsMs(at),
  what: 'outage',
  whom: 'store',
  forMs: forS * 1000,
});

const unrelated = published(41, { seq: 1 });

/** Traffic moves after 25 s; nothing ends. */
const told = (more: readonly Sighting[], lastAt = 2_000): readonly string[] =>
  sentences(appliedOnce(withMore(grown().seen(), [...more, heartbeat(lastAt)])));

const heartbeat = (at: number): Sighting => ({ kind: 'heartbeat', atMs: secondsMs(at), rolloutId: 'r-1' });

describe('I8: an alert comes to every rollout that names its policy and has moved traffic', () => {
  test('one that stands in the journal passes', () => {
    expect(told([alert(50), heard(60)])).toStrictEqual([]);
  });

  test('one that never came is found', () => {
    expect(told([unrelated, alert(50)])).toStrictEqual([
      'alert i-7/open never came to the journal, though the rollout went on for 32.5 min',
    ]);
  });

  test('of another policy, or before there was traffic, it is nobody’s', () => {
    expect(told([unrelated, alert(50, 'projects/acme/alertPolicies/2')])).toStrictEqual([]);
    expect(told([unrelated, alert(20)])).toStrictEqual([]);
  });

  test('a rollout that ends soon after it may have missed it', () => {
    expect(told([unrelated, alert(50)], 300)).toStrictEqual([]);
    const end = published(200, { seq: 2, from: 'rollingBack', to: 'rolledBack' });
    expect(told([unrelated, alert(50), end])).toStrictEqual([]);
  });

  test('faults give it more time, an hour at most', () => {
    expect(told([unrelated, alert(50), outage(60, 1_900)])).toStrictEqual([]);
    expect(told([unrelated, alert(50), outage(60, 9_000)], 9_000)).toHaveLength(1);
  });

  test('one that the bus gave up is excused, and so is a document that was set back', () => {
    const givenUp: Sighting = {
      kind: 'givenUp',
      atMs: secondsMs(1_999),
      topic: 'alerts',
      text: '{"incident":{"incident_id":"i-7"}}',
    };
    expect(told([unrelated, alert(50), givenUp])).toStrictEqual([]);
    expect(told([unrelated, alert(50), restored(55)])).toStrictEqual([]);
  });
});
