import { describe, expect, test } from 'vitest';
import { countsAsMissing, GRACE_MS } from '../../../../workflows/steps/adapter-evidence.ts';
import {
  type AbsorbOptions,
  absorb,
  type Evidence,
  emptyEvidence,
  restartRung,
} from '../../../../workflows/steps/evidence.ts';
import type { Look, PodObservation, ProbeObservation } from '../../../../workflows/steps/observation.ts';
import { counters, look, pod } from '../../../helpers/looks.ts';

const MINUTE = 60_000;
const COUNTING: AbsorbOptions = { warmUpUntilMs: 0, counting: true, ttftEdgeSeconds: null };

const probe = (name: string, target: 'old' | 'new', status: number | null): ProbeObservation => ({
  uid: `new/${name}`,
  pod: name,
  target,
  status,
});

/** A look at the pods, each probed for both versions; `status` is what the new one answers. */
const seen = (
  minute: number,
  pods: readonly (readonly [PodObservation, status: number | null | undefined])[],
  old: number | null = 200,
): Look => ({
  ...look(
    minute * MINUTE,
    pods.map(([one]) => one),
  ),
  probes: pods.flatMap(([{ name }, status]) =>
    status === undefined ? [] : [probe(name, 'new', status), probe(name, 'old', old)],
  ),
});

const feed = (looks: readonly Look[], options = COUNTING): Evidence =>
  looks.reduce((evidence, one) => absorb(evidence, one, options), emptyEvidence());

const a = (given: Partial<PodObservation> = {}) => pod('new', 'a', given);
const b = (given: Partial<PodObservation> = {}) => pod('new', 'b', given);

describe('the past of the pods', () => {
  test('is what their counters say at the first look, and stays', () => {
    const past = { requests: 900, failures5xx: 9, failures4xx: 30, streamErrors: 1 };
    const { adapter } = feed([
      seen(0, [
        [a({ counters: counters(past) }), 200],
        [b({ counters: counters({ requests: 100 }) }), 200],
      ]),
      seen(1, [[a({ counters: counters({ requests: 5_000 }) }), 200]]),
    ]);
    expect(adapter?.past).toEqual({ requests: 1_000, failures: 10, clientErrors: 30 });
  });

  test('is not known before a pod has answered', () => {
    const silent = a({ counters: null, answered: false });
    expect(feed([seen(0, [[silent, null]])]).adapter?.past).toBeNull();
    const later = feed([
      seen(0, [[silent, null]]),
      seen(1, [[a({ counters: counters({ requests: 7 }) }), 200]]),
    ]);
    expect(later.adapter?.past).toEqual({ requests: 7, failures: 0, clientErrors: 0 });
  });

  test('other rollouts have none of it', () => {
    expect(feed([look(0, [a()])])).not.toHaveProperty('adapter');
  });
});

describe('the rung', () => {
  const at = (minute: number, requests: number, failures4xx: number, status: number | null) =>
    seen(minute, [[a({ counters: counters({ requests, failures4xx }) }), status]]);

  test('sums probes by kind, and 4xx of all requests', () => {
    const { adapter } = feed([
      at(0, 100, 10, 200),
      at(1, 120, 11, 404),
      at(2, 150, 11, 503),
      at(3, 150, 11, null),
    ]);
    expect([adapter?.probes, adapter?.clientErrors]).toEqual([
      {
        old: { n: 4, notFound: 0, otherStatus: 0, noAnswer: 0 },
        new: { n: 4, notFound: 1, otherStatus: 1, noAnswer: 1 },
      },
      { cells: 2, x: 1, n: 50, pairs: 1, q: (0.05 ** 2 * 20 * 30) / 50 },
    ]);
  });

  test('counts nothing while held, and begins anew with a new share', () => {
    const held = feed([at(0, 100, 10, 200), at(1, 120, 11, 404)], { ...COUNTING, counting: false });
    const counted = feed([at(0, 100, 10, 200), at(1, 120, 11, 404)]);
    const anew = restartRung(counted).adapter;
    const nothing = { n: 0, notFound: 0, otherStatus: 0, noAnswer: 0 };
    for (const adapter of [held.adapter, anew])
      expect([adapter?.probes, adapter?.clientErrors.n]).toEqual([{ old: nothing, new: nothing }, 0]);
    expect([anew?.past, anew?.pods]).toEqual([counted.adapter?.past, counted.adapter?.pods]);
  });

  test('stays small: nothing of pods that are gone', () => {
    const { adapter } = feed([
      seen(0, [
        [a(), 200],
        [b(), 200],
      ]),
      seen(1, [[a(), 200]]),
    ]);
    expect(Object.keys(adapter?.pods ?? {})).toEqual(['new/a']);
  });
});

describe('a pod without the new version', () => {
  const missedOf = (looks: readonly Look[], uid = 'new/a') => feed(looks).adapter?.pods[uid];
  const missing = (looks: readonly Look[]): boolean =>
    countsAsMissing(missedOf(looks), looks.at(-1)?.atMs ?? 0);

  test.each([
    ['has served it, and lost it', [seen(0, [[a(), 200]]), seen(1, [[a(), 404]])], true],
    ['came up a minute ago', [seen(0, [[a(), 404]]), seen(1, [[a(), 404]])], false],
    ['has been ready for three minutes', [0, 1, 2, 3].map((minute) => seen(minute, [[a(), 404]])), true],
    [
      'was not ready in between',
      [seen(0, [[a(), 404]]), seen(1, [[a({ ready: false }), undefined]]), seen(3, [[a(), 404]])],
      false,
    ],
    [
      'has restarted since it served it',
      [seen(0, [[a(), 200]]), seen(1, [[a({ restarts: 1 }), 404]]), seen(2, [[a({ restarts: 1 }), 404]])],
      false,
    ],
    [
      'has restarted, and had its time',
      [seen(0, [[a(), 200]]), ...[1, 2, 3, 4].map((minute) => seen(minute, [[a({ restarts: 1 }), 404]]))],
      true,
    ],
    ['another status is another gate', [seen(0, [[a(), 500]]), seen(1, [[a(), 500]])], false],
  ] as const)('that %s counts: %s → %s', (_, looks, expected) => {
    expect(missing(looks)).toBe(expected);
  });

  test('counts looks running; an answer ends them, silence does not', () => {
    const looks = [200, 404, 404, null, 404, 200, 404].map((status, minute) => seen(minute, [[a(), status]]));
    expect(looks.map((_, index) => missedOf(looks.slice(0, index + 1))?.missed)).toEqual([
      0, 1, 2, 2, 3, 0, 1,
    ]);
  });

  test('looks with a gap between them are not running', () => {
    expect(missedOf([seen(0, [[a(), 200]]), seen(1, [[a(), 404]]), seen(5, [[a(), 404]])])?.missed).toBe(1);
  });

  test('its probes do not count while it has its time', () => {
    const looks = [0, 1, 2, 3].map((minute) =>
      seen(minute, [
        [a(), 200],
        [b(), 404],
      ]),
    );
    // Of b only the one after three minutes.
    expect(feed(looks).adapter?.probes.new).toEqual({
      n: 5,
      notFound: 1,
      otherStatus: 0,
      noAnswer: 0,
      lacking: 3,
    });
    expect(GRACE_MS).toBe(3 * MINUTE);
  });
});

describe('slots', () => {
  const full = (minute: number, running: number, waiting: number, ready = true) =>
    seen(minute, [[a({ ready, counters: counters({ loras: { running, waiting, max: 2 } }) }), 200]]);

  test('minutes running at which an adapter waits for a full pod', () => {
    const minutes = (...looks: readonly Look[]) => feed(looks).adapter?.slots;
    expect(minutes(full(0, 2, 1), full(1, 2, 1))).toEqual({ minutes: 2, pod: 'a' });
    expect(minutes(full(0, 2, 1), full(1, 2, 0))).toEqual({ minutes: 0, pod: null });
    expect(minutes(full(0, 1, 1))).toEqual({ minutes: 0, pod: null });
    expect(minutes(full(0, 2, 1, false))).toEqual({ minutes: 0, pod: null });
    expect(minutes(full(0, 2, 1), full(4, 2, 1))).toEqual({ minutes: 1, pod: 'a' });
  });
});
