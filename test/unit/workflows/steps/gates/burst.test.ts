import { describe, expect, test } from 'vitest';
import { emptyEvidence } from '../../../../../workflows/steps/evidence.ts';
import {
  type BurstOptions,
  type BurstState,
  createBurst,
  lookAt,
} from '../../../../../workflows/steps/gates/burst.ts';
import { hasCarried } from '../../../../../workflows/steps/gates/split.ts';
import type { Look, PodObservation } from '../../../../../workflows/steps/observation.ts';
import { counters, look, picker, pod } from '../../../../helpers/looks.ts';

const OPTIONS: BurstOptions = {
  sharePercent: 25,
  confirmedAtMs: 0,
  pools: { old: 'llm', new: 'llm-new' },
};

interface Run {
  readonly state: BurstState;
  /** Gate, or `?` when only suspicious, or `-`; one a look. */
  readonly line: string;
  readonly sentence: string | null;
}

const run = (looks: readonly Look[], options: Partial<BurstOptions> = {}): Run => {
  let state = createBurst();
  const line: string[] = [];
  let sentence: string | null = null;
  for (const one of looks) {
    const result = lookAt(state, one, { ...OPTIONS, ...options });
    state = result.state;
    line.push(result.notice?.gate ?? (result.suspicious ? '?' : '-'));
    sentence ??= result.notice?.sentence ?? null;
  }
  return { state, line: line.join(' '), sentence };
};

/** A look each 5 s; each step: new requests, new failures, old requests, old failures since the look before. */
const steps = (...deltas: readonly (readonly [number, number, number?, number?])[]): readonly Look[] => {
  let [requests, failures, oldRequests, oldFailures] = [1000, 0, 3000, 0];
  const at = (index: number): Look =>
    look((index + 1) * 5000, [
      pod('old', 'a', { counters: counters({ requests: oldRequests, failures5xx: oldFailures }) }),
      pod('new', 'b', { counters: counters({ requests, failures5xx: failures }) }),
    ]);
  const looks = [at(0)];
  for (const [index, [r, f, oldR, oldF]] of deltas.entries()) {
    requests += r;
    failures += f;
    oldRequests += oldR ?? r * 3;
    oldFailures += oldF ?? 0;
    looks.push(at(index + 1));
  }
  return looks;
};

describe('errors.fast, the burst form', () => {
  test.each([
    ['half fail', steps([50, 25], [50, 25]), '- ? errors.fast'],
    ['a fifth fails', steps([50, 10], [50, 10]), '- ? errors.fast'],
    ['a hair less than a fifth', steps([50, 9], [50, 10], [50, 10]), '- ? ? ?'],
    ['9 failures in 15 s', steps([3, 3], [3, 3], [3, 3], [3, 3]), '- ? ? ? ?'],
    ['10 failures in 15 s', steps([4, 4], [3, 3], [3, 3], [4, 4]), '- ? ? ? errors.fast'],
    ['three times the old side', steps([50, 30, 100, 20], [50, 30, 100, 20]), '- ? errors.fast'],
    ['less than three times', steps([50, 30, 100, 21], [50, 30, 100, 21]), '- - -'],
    ['one bunch of failures', steps([50, 0], [90, 90], [50, 0], [50, 0]), '- - ? - -'],
    ['a bunch, and few failures after it', steps([90, 90], [50, 4], [50, 4]), '- ? - -'],
    [
      'diluted by the 15 s before',
      steps([50, 0], [50, 0], [50, 25], [50, 25], [50, 25]),
      '- - - ? ? errors.fast',
    ],
    ['older failures are forgotten', steps([50, 9], [50, 0], [50, 0], [50, 9], [50, 0]), '- ? - - ? -'],
  ] as const)('%s', (_name, looks, expected) => {
    expect(run(looks).line).toBe(expected);
  });

  test('says what was seen', () => {
    expect(run(steps([50, 25], [50, 25])).sentence).toBe(
      'errors on llm-new 50 % (50 of 100) within 15 s, on llm 0 % (0 of 300); limit 20 %',
    );
  });

  test('streams that end in an error count, refused requests do not', () => {
    const at = (atMs: number, given: Parameters<typeof counters>[0]): Look =>
      look(atMs, [pod('old', 'a'), pod('new', 'b', { counters: counters(given) })]);
    expect(
      run([
        at(0, {}),
        at(5000, { requests: 50, streamErrors: 25 }),
        at(10_000, { requests: 99, streamErrors: 60 }),
      ]).line,
    ).toBe('- ? errors.fast');
    expect(
      run([
        at(0, {}),
        at(5000, { requests: 50, failures4xx: 50 }),
        at(10_000, { requests: 99, failures4xx: 99 }),
      ]).line,
    ).toBe('- - -');
  });

  test('all servers dying one after the other with what they ran is no single bunch', () => {
    const at = (atMs: number, dead: number): Look =>
      look(atMs, [
        pod('old', 'a'),
        ...['x', 'y', 'z'].map((name, index) =>
          pod('new', name, {
            restarts: index < dead ? 1 : 0,
            counters: counters({ running: index < dead ? 0 : 30 }),
          }),
        ),
      ]);
    expect(run([at(0, 0), at(5000, 1), at(10_000, 2)]).line).toBe('- ? errors.fast');
    expect(run([at(0, 0), at(5000, 1), at(10_000, 1), at(15_000, 1)]).line).toBe('- ? - -');
  });
});

describe('unanswered', () => {
  const silent = { answered: false, counters: null } as const;
  const killed = { ...silent, ready: false } as const;
  const sides = (
    fresh: readonly Partial<PodObservation>[],
    old: readonly Partial<PodObservation>[] = [{}, {}],
  ) => [
    ...old.map((given, index) => pod('old', `o${String(index)}`, given)),
    ...fresh.map((given, index) => pod('new', `n${String(index)}`, given)),
  ];
  const looks = (...pods: readonly (readonly PodObservation[])[]): readonly Look[] =>
    pods.map((one, index) => look(index * 5000, one));
  const well = sides([{}, {}, {}]);

  test.each([
    [
      'all silent',
      looks(well, sides([silent, silent, silent]), sides([silent, silent, silent])),
      '- ? unanswered',
    ],
    [
      'silent from the first look on',
      looks(sides([silent, silent]), sides([silent, silent])),
      '? unanswered',
    ],
    ['two of three', looks(well, sides([silent, silent, {}]), sides([silent, silent, {}])), '- ? unanswered'],
    ['one of three', looks(well, sides([silent, {}, {}]), sides([silent, {}, {}])), '- - -'],
    ['one of two is not over half', looks(sides([silent, {}]), sides([silent, {}])), '- -'],
    [
      'for one look',
      looks(well, sides([silent, silent, silent]), well, sides([silent, silent, silent])),
      '- ? - ?',
    ],
    [
      'killed, and called not ready at once',
      looks(well, sides([killed, killed, killed]), sides([killed, killed, killed])),
      '- ? unanswered',
    ],
    ['gone from the list', looks(well, sides([]), sides([])), '- ? unanswered'],
    ['never ready: not in rotation', looks(sides([killed, {}]), sides([killed, {}])), '- -'],
    [
      'half of the old side silent too',
      looks(
        well,
        sides([silent, silent, silent], [silent, {}]),
        sides([silent, silent, silent], [silent, {}]),
      ),
      '- - -',
    ],
    [
      'the old side not ready',
      looks(well, sides([silent], [{ ready: false }]), sides([silent], [{ ready: false }])),
      '- - -',
    ],
    [
      'shut down properly while one stays',
      looks(
        well,
        sides([{ terminating: true, ready: false }, { terminating: true, ready: false }, {}]),
        sides([{}].map(() => ({})))
          .filter((one) => one.side === 'old')
          .concat(pod('new', 'n2')),
        well.filter((one) => one.side === 'old' || one.name === 'n2'),
      ),
      '- - - -',
    ],
    [
      'shut down to the last one',
      looks(
        well,
        sides([0, 1, 2].map(() => ({ ...killed, terminating: true }))),
        sides([0, 1, 2].map(() => ({ ...killed, terminating: true }))),
      ),
      '- ? unanswered',
    ],
  ] as const)('%s', (_name, told, expected) => {
    expect(run(told).line).toBe(expected);
  });

  test('a status of any kind is an answer: the scrape failed, the server did not', () => {
    const refused = { answered: true, counters: null };
    expect(
      run(looks(well, sides([refused, refused, refused]), sides([refused, refused, refused]))).line,
    ).toBe('- - -');
  });

  const pickers = (...told: readonly (Parameters<typeof picker>[1] | null)[]): readonly Look[] =>
    told.map((given, index) =>
      look(index * 5000, well, [picker('old'), ...(given === null ? [] : [picker('new', given)])]),
    );
  test.each([
    ['not ready', pickers({}, { ready: false }, { ready: false }), '- ? unanswered'],
    ['gone', pickers({}, null, null), '- ? unanswered'],
    [
      'silent though ready',
      pickers({ answered: true }, { answered: false }, { answered: false }),
      '- ? unanswered',
    ],
    ['for one look', pickers({}, { ready: false }, {}), '- ? -'],
    ['never there', pickers(null, null, null), '- - -'],
    ['never ready', pickers({ ready: false }, { ready: false }), '- -'],
  ] as const)('pickers: %s', (_name, told, expected) => {
    expect(run(told).line).toBe(expected);
  });

  test('pickers: one of two serving is enough, and the old side must have one', () => {
    const pair = (first: boolean, second: boolean, old = true, index = 0): Look =>
      look(index * 5000, well, [
        picker('old', { ready: old }),
        picker('new', { ready: first }),
        picker('new', { uid: 'second', ready: second }),
      ]);
    expect(run([pair(true, true), pair(false, true, true, 1), pair(false, true, true, 2)]).line).toBe(
      '- - -',
    );
    expect(run([pair(true, true), pair(false, false, true, 1), pair(false, false, true, 2)]).line).toBe(
      '- ? unanswered',
    );
    expect(run([pair(true, true), pair(false, false, false, 1), pair(false, false, false, 2)]).line).toBe(
      '- - -',
    );
  });

  test('nothing is asked of a side without traffic, or when switched off', () => {
    const told = looks(well, sides([silent, silent]), sides([silent, silent]));
    expect(run(told, { sharePercent: 0 }).line).toBe('- - -');
    expect(run(told, { tripwires: ['errors.fast', 'split'] }).line).toBe('- - -');
  });

  test('says who is silent', () => {
    expect(run(looks(well, sides([silent, silent, {}]), sides([silent, silent, {}]))).sentence).toBe(
      '2 of 3 model servers of llm-new did not answer at 2 looks running, while those of llm did',
    );
    expect(run(pickers({}, null, null)).sentence).toBe(
      '1 of 1 endpoint pickers of llm-new did not answer at 2 looks running, while those of llm did',
    );
  });
});

describe('split, the burst form', () => {
  test.each([
    [
      'nothing arrives after the share was carried',
      steps([100, 0], [0, 0, 300], [0, 0, 300], [0, 0, 300], [0, 0, 300]),
      '- - ? ? split split',
    ],
    ['it never arrived', steps([0, 0, 300], [0, 0, 300], [0, 0, 300], [0, 0, 300]), '- - - - -'],
    [
      'half of it arrives',
      steps([100, 0], [50, 0, 300], [50, 0, 300], [50, 0, 300], [50, 0, 300]),
      '- - - - - -',
    ],
    [
      'a third of it',
      steps([100, 0], [33, 0, 300], [33, 0, 300], [33, 0, 300], [33, 0, 300]),
      '- - - - ? split',
    ],
    ['fewer than 60 expected', steps([19, 0], [0, 0, 57], [0, 0, 57], [0, 0, 57]), '- - - - -'],
    ['the old side has stopped too', steps([100, 0], [0, 0, 0], [0, 0, 0], [0, 0, 0]), '- - - - -'],
  ] as const)('%s', (_name, looks, expected) => {
    expect(run(looks).line).toBe(expected);
  });

  const gone = steps([0, 0, 300], [0, 0, 300], [0, 0, 300]);
  test("a wake that has just begun takes earlier minutes' word that the share was carried", () => {
    expect(run(gone).line).toBe('- - - -');
    expect(run(gone, { carried: true }).line).toBe('- ? split split');
    expect(run(gone, { carried: true }).sentence).toBe(
      'llm-new got 0 % (0 of 600) within 15 s, after it had carried its share of 25 %',
    );
  });

  test('says nothing while unconfirmed, and starts again with each confirmation', () => {
    expect(run(gone, { carried: true, confirmedAtMs: null }).line).toBe('- - - -');
    // Confirmed between the second and the third look: the interval before followed other weights.
    expect(run(gone, { carried: true, confirmedAtMs: 10_000 }).line).toBe('- ? ? split');
    const carried = run(steps([100, 0], [100, 0])).state;
    expect(carried.carriedSinceMs).toBe(0);
    const next = look(20_000, [pod('old', 'a'), pod('new', 'b')]);
    expect(lookAt(carried, next, { ...OPTIONS, confirmedAtMs: 15_000 }).state.carriedSinceMs).toBeNull();
    expect(lookAt(carried, next, OPTIONS).state.carriedSinceMs).toBe(0);
  });

  test('a pod that nobody counted says nothing: neither while it is silent, nor with the lump that it brings', () => {
    const at = (index: number, old: number | null): Look =>
      look(index * 5000, [
        pod('old', 'a', old === null ? { counters: null } : { counters: counters({ requests: old }) }),
        pod('new', 'b', { counters: counters({ requests: index * 100 }) }),
      ]);
    const silent = [at(0, 0), at(1, 300), at(2, null), at(3, null), at(4, 1200), at(5, 1500), at(6, 1800)];
    expect(run(silent, { carried: true }).line).toBe('- - - - - - -');
    const silentNew = [0, 1, 2, 3, 4].map((index) =>
      look(index * 5000, [
        pod('old', 'a', { counters: counters({ requests: index * 300 }) }),
        pod('new', 'b', { counters: null }),
      ]),
    );
    expect(run(silentNew, { carried: true }).line).not.toContain('split');
  });

  test('requests that came in and are not finished have arrived', () => {
    const at = (index: number, running: number): Look =>
      look(index * 5000, [
        pod('old', 'a', { counters: counters({ requests: index * 300 }) }),
        pod('new', 'b', { counters: counters({ running }) }),
      ]);
    expect(run([at(0, 0), at(1, 100), at(2, 200), at(3, 300)], { carried: true }).line).toBe('- - - -');
    expect(run([at(0, 0), at(1, 0), at(2, 0), at(3, 0)], { carried: true }).line).toBe('- ? split split');
  });

  test('minutes tell whether the share was carried since the confirmation', () => {
    const side = { failures: 0, ready: 3, silent: 0, waitingPerReady: 0, pickersReady: 1 };
    const evidence = (fresh: number, old: number) => ({
      ...emptyEvidence(),
      minutes: [
        { fromMs: 60_000, atMs: 120_000, new: { ...side, requests: fresh }, old: { ...side, requests: old } },
      ],
    });
    expect(hasCarried(evidence(100, 300), 25, 60_000)).toBe(true);
    expect(hasCarried(evidence(100, 300), 25, 60_001)).toBe(false);
    expect(hasCarried(evidence(100, 300), 25, null)).toBe(false);
    expect(hasCarried(evidence(74, 326), 25, 60_000)).toBe(false);
    expect(hasCarried(evidence(10, 30), 25, 60_000)).toBe(false);
  });
});

describe('the state', () => {
  test('is plain data, and small', () => {
    const { state } = run(steps(...Array.from({ length: 100 }, () => [50, 5] as const)));
    expect(JSON.parse(JSON.stringify(state))).toEqual(state);
    expect(state.intervals.length).toBeLessThanOrEqual(4);
  });

  test('is not changed by late, repeated or empty looks', () => {
    const [first, second] = steps([50, 25]);
    const { state } = run([first, second].flatMap((one) => one ?? []));
    for (const one of [first, second, look(99_000, [])])
      expect(lookAt(state, one ?? look(0, []), OPTIONS)).toMatchObject({ state, notice: null });
    expect(lookAt(state, look(99_000, []), OPTIONS).suspicious).toBe(true);
  });
});
