import { describe, expect, test } from 'vitest';
import type { Verdict } from '../../../../../workflows/rollout/stored.ts';
import {
  type AdapterEvidence,
  emptyAdapterEvidence,
  type ProbeSums,
} from '../../../../../workflows/steps/adapter-evidence.ts';
import type { CellSums } from '../../../../../workflows/steps/cell-sums.ts';
import { type Evidence, emptyEvidence, type SideMinute } from '../../../../../workflows/steps/evidence.ts';
import { createBurst, lookAt } from '../../../../../workflows/steps/gates/burst.ts';
import { judge } from '../../../../../workflows/steps/gates/judges.ts';
import { minuteTripwires } from '../../../../../workflows/steps/gates/tripwires.ts';
import type { Look, PodObservation } from '../../../../../workflows/steps/observation.ts';
import { counters, look, pod } from '../../../../helpers/looks.ts';

const MINUTE = 60_000;
const POOLS = { old: 'food-review-1', new: 'food-review-2' };
const TRIPWIRES = ['errors.fast', 'queue', 'adapter.notFound', 'adapterSlots'];

const adapter = (given: Partial<AdapterEvidence> = {}): AdapterEvidence => ({
  ...emptyAdapterEvidence(),
  ...given,
});

type PodEvidence = AdapterEvidence['pods'][string];

const podOf = (given: Partial<PodEvidence>): PodEvidence => ({
  restarts: 0,
  readySinceMs: 0,
  served: true,
  missed: 0,
  last: [0, 0],
  ...given,
});

describe('adapter.notFound, by the minute', () => {
  const tripped = (pods: AdapterEvidence['pods'], tripwires = TRIPWIRES, sharePercent = 25) =>
    minuteTripwires({
      gates: { tripwires },
      evidence: { ...emptyEvidence(), lastAtMs: 10 * MINUTE, adapter: adapter({ pods }) },
      sharePercent,
      confirmedAtMs: 0,
      replicas: 2,
      pools: POOLS,
    });

  test('two minutes running on a pod that has served it', () => {
    expect(tripped({ a: podOf({}), b: podOf({ missed: 2 }) })).toEqual({
      kind: 'tripped',
      gate: 'adapter.notFound',
      action: 'rollback',
      sentence: '1 of 2 pods answer 404 for food-review-2 for 2 min',
      samples: 2,
      newValue: 0.5,
      oldValue: null,
      limit: 0,
    });
  });

  test.each([
    ['one minute only', podOf({ missed: 1 }), null],
    [
      'never served, ready for two minutes',
      podOf({ served: false, missed: 9, readySinceMs: 8 * MINUTE }),
      null,
    ],
    [
      'never served, ready for three',
      podOf({ served: false, missed: 9, readySinceMs: 7 * MINUTE }),
      'adapter.notFound',
    ],
    ['not ready any more: nobody sends it anything', podOf({ missed: 5, readySinceMs: null }), null],
  ])('%s', (_, one, expected) => {
    expect(tripped({ one })?.gate ?? null).toBe(expected);
  });

  test('not where it is switched off, nor without traffic', () => {
    const pods = { a: podOf({ missed: 2 }) };
    expect([tripped(pods, []), tripped(pods, TRIPWIRES, 0)]).toEqual([null, null]);
  });
});

const SERVED = (): Evidence => ({ ...emptyEvidence(), lastAtMs: 0, adapter: adapter() });

/** Looks five seconds apart; `status` of the new version by pod, undefined: not probed. */
const looks = (
  steps: readonly Readonly<Record<string, number | null | undefined>>[],
  given: (step: number, name: string) => Partial<PodObservation> = () => ({}),
): readonly Look[] =>
  steps.map((statuses, step) => ({
    ...look(
      step * 5_000,
      Object.keys(statuses).map((name) => pod('new', name, given(step, name))),
    ),
    probes: Object.entries(statuses).flatMap(([name, status]) =>
      status === undefined ? [] : [{ uid: `new/${name}`, pod: name, target: 'new' as const, status }],
    ),
  }));

const burst = (
  seen: readonly Look[],
  evidence: AdapterEvidence | undefined = SERVED().adapter,
  tripwires = TRIPWIRES,
) => {
  let state = createBurst();
  const gates: (string | null)[] = [];
  let suspicious = false;
  for (const one of seen) {
    const result = lookAt(state, one, {
      sharePercent: 25,
      confirmedAtMs: 0,
      pools: POOLS,
      tripwires,
      ...(evidence === undefined ? {} : { adapter: evidence }),
    });
    state = result.state;
    gates.push(result.notice?.sentence ?? null);
    suspicious = result.suspicious;
  }
  return { gates, suspicious };
};

const LOST = '1 of 2 pods answer 404 for food-review-2 at 2 looks running';

describe('adapter.notFound, look by look', () => {
  test('a pod that has served it on these looks answers 404 at two running', () => {
    const told = looks([
      { a: 200, b: 200 },
      { a: 200, b: 404 },
      { a: 200, b: 404 },
    ]);
    expect(burst(told).gates).toEqual([null, null, LOST]);
    expect(burst(told.slice(0, 2)).suspicious).toBe(true);
  });

  test('a wake that has just begun knows from the minutes who has served it', () => {
    const known = adapter({ pods: { 'new/b': podOf({}) } });
    expect(
      burst(
        looks([
          { a: 200, b: 404 },
          { a: 200, b: 404 },
        ]),
        known,
      ).gates,
    ).toEqual([null, LOST]);
  });

  test.each([
    ['never served: it may still be loading', [{ a: 404 }, { a: 404 }, { a: 404 }]],
    ['found again in between', [{ a: 200 }, { a: 404 }, { a: 200 }, { a: 404 }]],
    ['no answer says nothing of the name', [{ a: 200 }, { a: null }, { a: null }]],
    ['another status is another gate', [{ a: 200 }, { a: 500 }, { a: 500 }]],
    ['not ready any more', [{ a: 200 }, { a: undefined }, { a: undefined }]],
  ] as const)('%s', (_, steps) => {
    expect(burst(looks(steps)).gates.every((gate) => gate === null)).toBe(true);
  });

  test('an answer that is lost between two 404s does not save it', () => {
    expect(
      burst(
        looks([
          { a: 200, b: 200 },
          { a: 200, b: 404 },
          { a: 200, b: null },
          { a: 200, b: 404 },
        ]),
      ).gates.at(-1),
    ).toBe(LOST);
  });

  test('a process that was started since has loaded nothing yet', () => {
    const restarted = looks([{ a: 200 }, { a: 404 }, { a: 404 }], (step) => ({ restarts: step > 0 ? 1 : 0 }));
    expect(burst(restarted).gates).toEqual([null, null, null]);
  });

  test('not where it is switched off', () => {
    expect(burst(looks([{ a: 200 }, { a: 404 }, { a: 404 }]), SERVED().adapter, ['queue']).gates).toEqual([
      null,
      null,
      null,
    ]);
  });
});

describe('errors.fast on pods that run both versions', () => {
  const failing = (part: number) =>
    looks(
      Array.from({ length: 6 }, () => ({ a: 200 })),
      (step) => ({
        counters: counters({ requests: step * 100, failures5xx: step * 100 * part }),
      }),
    );

  test('a pool that always failed as much is not held against the new version', () => {
    const past = { requests: 10_000, failures: 2_500, clientErrors: 0 };
    expect(burst(failing(0.25), adapter({ past })).gates.every((gate) => gate === null)).toBe(true);
    expect(burst(failing(0.25), adapter({ past: { ...past, failures: 10 } })).gates.at(-1)).toBe(
      'errors on the pods 25 % (75 of 300) within 15 s, on the same pods before 0.1 % (10 of 10,000); limit 20 %',
    );
  });

  test('nor by the minute', () => {
    const side: SideMinute = {
      requests: 100,
      failures: 6,
      ready: 2,
      silent: 0,
      waitingPerReady: 0,
      pickersReady: null,
    };
    const none: SideMinute = { ...side, requests: 0, failures: 0, ready: 0 };
    const minutes = [1, 2, 3].map((at) => ({
      fromMs: (at - 1) * MINUTE,
      atMs: at * MINUTE,
      old: none,
      new: side,
    }));
    const gate = (failures: number) =>
      minuteTripwires({
        gates: { tripwires: TRIPWIRES },
        evidence: {
          ...emptyEvidence(),
          lastAtMs: 3 * MINUTE,
          minutes,
          adapter: adapter({ past: { requests: 1_000, failures, clientErrors: 0 } }),
        },
        sharePercent: 5,
        confirmedAtMs: 0,
        replicas: 2,
        pools: POOLS,
      })?.sentence ?? null;
    expect([gate(40), gate(10)]).toEqual([
      null,
      'errors on the pods 6 % (12 of 200) for 2 min, on the same pods before 1 % (10 of 1,000); limit 5 %',
    ]);
  });
});

test('queue on pods that run both versions is held against the limit alone', () => {
  const side: SideMinute = {
    requests: 100,
    failures: 0,
    ready: 2,
    silent: 0,
    waitingPerReady: 6,
    pickersReady: null,
  };
  const old: SideMinute = { ...side, requests: 0, ready: 0, waitingPerReady: null };
  const minutes = [1, 2, 3].map((at) => ({ fromMs: (at - 1) * MINUTE, atMs: at * MINUTE, old, new: side }));
  const tripped = minuteTripwires({
    gates: { tripwires: TRIPWIRES },
    evidence: { ...emptyEvidence(), lastAtMs: 3 * MINUTE, minutes, adapter: adapter() },
    sharePercent: 5,
    confirmedAtMs: 0,
    replicas: 2,
    pools: POOLS,
  });
  expect([tripped?.gate, tripped?.sentence]).toEqual([
    'queue',
    '6.0 requests wait per replica of the pods for 3 min; limit 5.0',
  ]);
});

describe('adapterSlots', () => {
  test.each([
    [2, null],
    // Once: whoever resumes knows of it.
    [4, null],
    [3, 'adapters wait for a slot on pod a for 3 min; all of its --max-loras are taken'],
  ])('%i minutes running: %s', (minutes, sentence) => {
    const tripped = minuteTripwires({
      gates: { tripwires: TRIPWIRES },
      evidence: { ...emptyEvidence(), lastAtMs: 0, adapter: adapter({ slots: { minutes, pod: 'a' } }) },
      sharePercent: 5,
      confirmedAtMs: 0,
      replicas: 2,
    });
    expect(tripped === null ? null : [tripped.action, tripped.sentence]).toEqual(
      sentence === null ? null : ['hold', sentence],
    );
  });
});

const even = (x: number, n: number): CellSums => ({ cells: 10, x, n, pairs: 9, q: 0 });

interface Given {
  readonly errors?: readonly [number, number];
  readonly clients?: readonly [number, number];
  readonly past?: AdapterEvidence['past'];
  readonly fresh?: Partial<ProbeSums>;
  readonly old?: Partial<ProbeSums>;
}

const verdict = (gate: string, given: Given): Verdict | undefined => {
  const probes = (one: Partial<ProbeSums> = {}): ProbeSums => ({
    n: 100,
    notFound: 0,
    otherStatus: 0,
    noAnswer: 0,
    ...one,
  });
  const [x, n] = given.errors ?? [0, 1_000];
  const evidence: Evidence = {
    ...emptyEvidence(),
    new: { errors: even(x, n), ttft: even(0, 0) },
    adapter: adapter({
      past: given.past === undefined ? { requests: 10_000, failures: 10, clientErrors: 100 } : given.past,
      clientErrors: even(...(given.clients ?? [0, 1_000])),
      probes: { old: probes(given.old), new: probes(given.fresh) },
    }),
  };
  return judge({
    gates: {
      tripwires: [],
      errors: { ratioMax: 0.01, samplesMin: 200 },
      ttft: null,
      adapter: { samplesMin: 20, slots: null },
    },
    judges: [gate],
    evidence,
    pools: POOLS,
    windowMs: [0, 1],
    sharePercent: 25,
  })[0];
};

describe('the judge errors on pods that run both versions', () => {
  const SICK = { requests: 10_000, failures: 300, clientErrors: 100 };
  test.each<[string, Given, string]>([
    ['healthy', {}, 'pass'],
    ['above the limit', { errors: [30, 1_000] }, 'fail'],
    ['above the limit, as ever', { errors: [30, 1_000], past: SICK }, 'pass'],
    ['far above what was', { errors: [60, 1_000], past: SICK }, 'fail'],
    [
      'no past to speak of',
      { errors: [30, 1_000], past: { requests: 20, failures: 10, clientErrors: 0 } },
      'fail',
    ],
    ['past not known', { past: null }, 'pass'],
    ['more 4xx than ever', { clients: [50, 1_000] }, 'fail'],
    ['as many 4xx as ever', { clients: [12, 1_000] }, 'pass'],
    ['few requests', { errors: [0, 199] }, 'inconclusive'],
  ])('%s: %s → %s', (_, given, answer) => {
    expect(verdict('errors', given)?.answer).toBe(answer);
  });

  test('says what it compares with', () => {
    expect(verdict('errors', { clients: [50, 1_000] })).toEqual({
      gate: 'errors',
      answer: 'fail',
      windowMs: [0, 1],
      samples: 1_000,
      newValue: 0,
      oldValue: 0.001,
      limit: 0.01,
      sentence:
        'errors of the pods 0 % (0 of 1,000), limit 1 %: fail (4xx 5 % (50 of 1,000), 1 % (100 of 10,000) before; at most 1 point more is allowed)',
    });
  });
});

describe('the judge adapter.errors', () => {
  test.each<[string, Given, string]>([
    ['every probe answered', {}, 'pass'],
    ['one of a hundred', { fresh: { noAnswer: 1 } }, 'pass'],
    ['one of eight pods without it', { fresh: { notFound: 12 } }, 'fail'],
    [
      'the old version fails as often: the pods',
      { fresh: { noAnswer: 12 }, old: { noAnswer: 12 } },
      'inconclusive',
    ],
    ['the old version fails sometimes', { fresh: { otherStatus: 30 }, old: { noAnswer: 1 } }, 'fail'],
    ['a pod that loads it within the rung', { fresh: { lacking: 11 } }, 'pass'],
    ['a pod that came up without it for long', { fresh: { lacking: 12 } }, 'inconclusive'],
    ['few probes', { fresh: { n: 19 } }, 'inconclusive'],
    ['no probes', { fresh: { n: 0 } }, 'inconclusive'],
  ])('%s: %s → %s', (_, given, answer) => {
    expect(verdict('adapter.errors', given)?.answer).toBe(answer);
  });

  test('names the kinds of failure', () => {
    expect(verdict('adapter.errors', { fresh: { notFound: 12, noAnswer: 1 } })?.sentence).toBe(
      'failed probes of food-review-2 13 % (13 of 100), 12 × 404, 1 × no answer, limit 1 %: fail (food-review-1 has 0 % (0 of 100))',
    );
  });

  test('without evidence of an adapter there is nothing to judge by', () => {
    const answer = judge({
      gates: { tripwires: [], errors: { ratioMax: 0.01, samplesMin: 200 }, ttft: null },
      judges: ['adapter.errors'],
      evidence: emptyEvidence(),
      pools: POOLS,
      windowMs: [0, 1],
      sharePercent: 25,
    })[0]?.answer;
    expect(answer).toBe('inconclusive');
  });
});
