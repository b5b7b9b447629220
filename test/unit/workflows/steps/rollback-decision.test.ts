import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  canCarry,
  floorCount,
  readyCount,
  shareCapacityPercent,
} from '../../../../workflows/steps/readiness.ts';
import { decideRollback, type RollbackFacts } from '../../../../workflows/steps/rollback-decision.ts';

const FACTS: RollbackFacts = {
  oldReady: 4,
  oldReplicas: 4,
  oldPickerReady: true,
  newReady: 4,
  oldFailsWorse: false,
  sickness: 'errors',
  force: false,
  currentSharePercent: 50,
};

const ALL_BACK = { kind: 'write', sharePercent: 0, complete: true };

const facts = fc.record<RollbackFacts>({
  oldReady: fc.option(fc.nat({ max: 12 })),
  oldReplicas: fc.integer({ min: 1, max: 10 }),
  oldPickerReady: fc.option(fc.boolean()),
  newReady: fc.option(fc.nat({ max: 12 })),
  oldFailsWorse: fc.boolean(),
  sickness: fc.constantFrom('errors', 'latency'),
  force: fc.boolean(),
  currentSharePercent: fc.integer({ min: 0, max: 1000 }).map((tenths) => tenths / 10),
});

const RUNS = { numRuns: 2000 };

describe('what a rollback writes', () => {
  test.each<[string, Partial<RollbackFacts>, unknown]>([
    ['an old side that carries everything', {}, ALL_BACK],
    ['more pods than are needed', { oldReady: 9, sickness: 'latency' }, ALL_BACK],
    ['a part of it, against errors', { oldReady: 1 }, ALL_BACK],
    [
      'a part of it, against latency',
      { oldReady: 3, sickness: 'latency' },
      { kind: 'write', sharePercent: 25, complete: false },
    ],
    [
      'thirds, rounded for the old side',
      { oldReady: 2, oldReplicas: 3, sickness: 'latency' },
      { kind: 'write', sharePercent: 33.4, complete: false },
    ],
    [
      'a part that is more than is needed',
      { oldReady: 3, sickness: 'latency', currentSharePercent: 10 },
      { kind: 'write', sharePercent: 10, complete: false },
    ],
    ['a part of it, with no new side left', { oldReady: 1, newReady: 0, sickness: 'latency' }, ALL_BACK],
    ['nobody there at all', { oldReady: 0, newReady: 0 }, ALL_BACK],
    [
      'nothing known',
      { oldReady: null, oldPickerReady: null, newReady: null, sickness: 'latency' },
      ALL_BACK,
    ],
    ['no share to give back', { oldReady: 0, currentSharePercent: 0 }, ALL_BACK],
    ['an operator who insists', { oldReady: 0, force: true }, ALL_BACK],
  ])('%s', (_, change, decision) => {
    expect(decideRollback({ ...FACTS, ...change })).toEqual(decision);
  });

  test.each<[string, Partial<RollbackFacts>]>([
    ['no ready pod', { oldReady: 0 }],
    ['no ready pod and nothing known of the new side', { oldReady: 0, newReady: null }],
    ['no ready picker', { oldPickerReady: false }],
    ['failing worse than the new side', { oldFailsWorse: true }],
  ])('shares are kept: %s', (_, change) => {
    expect(decideRollback({ ...FACTS, ...change }).kind).toBe('keep');
  });

  test('the new share never grows', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const decision = decideRollback(given);
        const share = decision.kind === 'write' ? decision.sharePercent : 0;
        expect(share).toBeGreaterThanOrEqual(0);
        expect(share).toBeLessThanOrEqual(given.currentSharePercent);
      }),
      RUNS,
    );
  });

  test('a healthy old side gets everything at once', () => {
    fc.assert(
      fc.property(facts, fc.nat({ max: 5 }), (given, more) => {
        const healthy = { oldReady: given.oldReplicas + more, oldPickerReady: true, oldFailsWorse: false };
        expect(decideRollback({ ...given, ...healthy })).toEqual(ALL_BACK);
      }),
      RUNS,
    );
  });

  test('a step never gives the old side more than it carries, and is complete only at 0', () => {
    fc.assert(
      fc.property(facts, (given) => {
        const decision = decideRollback(given);
        fc.pre(decision.kind === 'write');
        const [share, complete] =
          decision.kind === 'write' ? [decision.sharePercent, decision.complete] : [0, true];
        expect(complete).toBe(share === 0);
        const carried = shareCapacityPercent(given.oldReady ?? 0, given.oldReplicas);
        const isStep = share > 0 && share < given.currentSharePercent;
        expect(isStep ? 100 - share : 0).toBeLessThanOrEqual(carried + 1e-6);
      }),
      RUNS,
    );
  });
});

describe('readiness', () => {
  const pod = (status: string, terminating = false) => ({
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name: 'p', ...(terminating ? { deletionTimestamp: '2026-01-01T00:00:00Z' } : {}) },
    status: {
      conditions: [
        { type: 'PodScheduled', status: 'True' },
        { type: 'Ready', status },
      ],
    },
  });

  test('counts pods that are ready and not on their way out', () => {
    expect(readyCount([pod('True'), pod('False'), pod('True', true), pod('True')])).toBe(2);
    expect(readyCount([{ apiVersion: 'v1', kind: 'Pod', metadata: { name: 'bare' } }])).toBe(0);
  });

  test('what ready pods carry is their part of the replicas at 100, and never more than all', () => {
    expect([0, 1, 3, 4, 9].map((ready) => shareCapacityPercent(ready, 4))).toEqual([0, 25, 75, 100, 100]);
  });

  test('a share fits exactly when it is not above that', () => {
    fc.assert(
      fc.property(
        fc.nat({ max: 50 }),
        fc.integer({ min: 1, max: 50 }),
        fc.nat({ max: 1000 }),
        (ready, replicas, tenths) => {
          const fits = tenths === 0 || (ready > 0 && tenths * replicas <= ready * 1000);
          expect(canCarry(ready, replicas, tenths / 10)).toBe(fits);
        },
      ),
      RUNS,
    );
  });

  test('at the edge a tenth of a percent decides', () => {
    expect([33.3, 33.4].map((share) => canCarry(1, 3, share))).toEqual([true, false]);
    expect([66.6, 66.7].map((share) => canCarry(2, 3, share))).toEqual([true, false]);
    expect([99.9, 100].map((share) => canCarry(999, 1000, share))).toEqual([true, false]);
  });

  test('a floor is rounded up and at least one pod', () => {
    expect([0, 1, 50, 100].map((percent) => floorCount(5, percent))).toEqual([1, 1, 3, 5]);
  });
});
