import { describe, expect, test } from 'vitest';
import { type Evidence, emptyEvidence, type Minute } from '../../../../../workflows/steps/evidence.ts';
import { oldFailsWorse } from '../../../../../workflows/steps/gates/old-fails-worse.ts';

const MINUTE_MS = 60_000;
const NOW_MS = 100 * MINUTE_MS;

type Counted = readonly [failures: number, requests: number];

const side = ([failures, requests]: Counted): Minute['old'] => ({
  requests,
  failures,
  ready: 1,
  silent: 0,
  waitingPerReady: 0,
  pickersReady: 1,
});

/** A look each minute up to now: what the old side and the new one failed. */
const evidenceOf = (...looks: readonly (readonly [Counted, Counted])[]): Evidence => ({
  ...emptyEvidence(),
  minutes: looks.map(([old, fresh], index) => ({
    fromMs: null,
    atMs: NOW_MS - (looks.length - 1 - index) * MINUTE_MS,
    old: side(old),
    new: side(fresh),
  })),
});

const SOUND: Counted = [0, 600];

describe('the old side fails worse', () => {
  test.each<readonly [string, boolean, Evidence]>([
    [
      'a fifth of its requests, minute for minute',
      true,
      evidenceOf([[120, 600], SOUND], [[120, 600], SOUND]),
    ],
    ['less than that', false, evidenceOf([[119, 600], SOUND], [[119, 600], SOUND])],
    [
      'one server that died with all it ran, and nothing else was seen',
      false,
      evidenceOf([
        [57, 57],
        [0, 80],
      ]),
    ],
    ['one such bunch among sound minutes', false, evidenceOf([SOUND, SOUND], [[300, 600], SOUND])],
    ['bunch after bunch', true, evidenceOf([[57, 57], SOUND], [SOUND, SOUND], [[300, 300], SOUND])],
    [
      'the new side fails more',
      false,
      evidenceOf(
        [
          [300, 600],
          [400, 600],
        ],
        [
          [300, 600],
          [400, 600],
        ],
      ),
    ],
    ['too few requests', false, evidenceOf([[10, 14], SOUND], [[10, 14], SOUND])],
    ['nothing was seen', false, evidenceOf()],
  ])('%s: %s', (_what, isWorse, evidence) => {
    expect(oldFailsWorse(evidence, NOW_MS)).toBe(isWorse);
  });

  test('minutes of long ago say nothing', () => {
    const sick = evidenceOf([[300, 600], SOUND], [[300, 600], SOUND]);
    expect(oldFailsWorse(sick, NOW_MS)).toBe(true);
    expect(oldFailsWorse(sick, NOW_MS + 2 * MINUTE_MS)).toBe(true);
    expect(oldFailsWorse(sick, NOW_MS + 2 * MINUTE_MS + 1)).toBe(false);
    expect(oldFailsWorse(sick, NOW_MS + 10 * MINUTE_MS)).toBe(false);
  });
});
