/** Documents whose own texts say something else than they should: whoever acts on them has to be told that it is our fault. */
import { describe, expect, test } from 'vitest';
import { classified, InvariantError, isOurFault, RetryableError } from '../../../../workflows/errors.ts';
import { adoptedFrom, planFromJson } from '../../../../workflows/plans/stored-plan.ts';
import { readRollbackRecord } from '../../../../workflows/rollout/planned-texts.ts';
import { readState } from '../../../../workflows/rollout/read-state.ts';
import { replay } from '../../../../workflows/rollout/replay.ts';
import { step } from '../../../../workflows/rollout/step.ts';
import type { JournalEntry, RolloutDocument } from '../../../../workflows/rollout/stored.ts';
import { aPlan } from '../../../helpers/a-plan.ts';
import { aDriver, drive, stateIs } from '../../../helpers/driver.ts';
import { anIncident } from '../../../helpers/stored-records.ts';

const { document, entries } = drive(aDriver(), stateIs('baking'));

const alert = (stored: RolloutDocument): unknown =>
  step(
    stored,
    {
      kind: 'alert',
      messageId: 'incident/1/open',
      incident: anIncident({ policy: 'projects/acme/alertPolicies/1', startedAtMs: document.lastNowMs }),
    },
    document.lastNowMs + 1000,
  );

/** The snapshot with one thing changed in it. */
const withSnapshot = (change: (snapshot: Record<string, unknown>) => void): RolloutDocument => {
  const snapshot = JSON.parse(document.snapshot) as Record<string, unknown>;
  change(snapshot);
  return { ...document, snapshot: JSON.stringify(snapshot) };
};

describe('an alert for a rollout whose snapshot is broken', () => {
  const broken: readonly (readonly [string, RolloutDocument])[] = [
    ['is cut short', { ...document, snapshot: document.snapshot.slice(0, 100) }],
    ['is null', { ...document, snapshot: 'null' }],
    ['has no state', withSnapshot((snapshot) => delete snapshot['value'])],
    ['has no regions', withSnapshot((snapshot) => Object.assign(snapshot, { value: 'nowhere' }))],
    ['has no context', withSnapshot((snapshot) => delete snapshot['context'])],
    [
      'has no policies in its context',
      withSnapshot((snapshot) => {
        const context = snapshot['context'] as { course: object };
        snapshot['context'] = { ...context, course: {} };
      }),
    ],
  ];

  test.each(broken)('that %s is an InvariantError: the rollback record takes over', (_, stored) => {
    expect(() => alert(stored)).toThrow(InvariantError);
  });

  test('a sound one rolls back', () => {
    expect(alert(document)).toMatchObject({ kind: 'next', document: { state: 'rollingBack' } });
  });
});

test.each(['', 'null', '{}', '{"status":"active"}', '{"value":{"progress":"queued"},"context":null}', '[]'])(
  'a state that cannot be read is an InvariantError: %s',
  (snapshot) => {
    expect(() => readState({ ...document, snapshot })).toThrow(InvariantError);
  },
);

describe('a rollback record', () => {
  const record = document.rollbackRecord ?? '';
  const altered = (change: object): string =>
    JSON.stringify({ ...(JSON.parse(record) as object), ...change });

  test('is read as it was kept', () => {
    expect(readRollbackRecord(record)).toEqual(JSON.parse(record));
  });

  test.each([
    ['', 'no JSON'],
    ['null', 'nothing'],
    ['[]', 'a list'],
    [altered({ routes: null }), 'no routes'],
    [altered({ routes: [null] }), 'a route that is none'],
    [
      altered({ routes: [{ namespace: 'a', name: 'b', uid: 'c', rules: [{ index: 0, originals: [{}] }] }] }),
      'a ref without a name',
    ],
    [altered({ cluster: 5 }), 'a cluster that is no text'],
  ])('%s is none: %s', (text) => {
    expect(readRollbackRecord(text)).toBeNull();
  });
});

test.each([[null], [{}], [{ ...entries[0], message: null }]])(
  'a journal with an entry that means nothing differs, and says at which: %j',
  (entry) => {
    const journal = [entry as unknown as JournalEntry, ...entries.slice(1)];
    expect(replay(document, journal)).toMatchObject({ kind: 'differs', seq: 1 });
  },
);

test('what is none of the four classes is our fault, and becomes one of them', () => {
  const cause = new TypeError('undefined is not a function');
  expect(classified(cause)).toMatchObject({ code: 'unexpected', message: cause.message, cause });
  expect(classified(cause)).toBeInstanceOf(InvariantError);
  const known = new RetryableError('store-busy', 'others write');
  expect(classified(known)).toBe(known);
  expect([cause, 'text', new InvariantError('a', 'b'), known].map(isOurFault)).toEqual([
    true,
    true,
    true,
    false,
  ]);
});

describe('a stored plan', () => {
  const plan = aPlan();
  const text = JSON.stringify({ weight: 0, ...plan });

  test('is the very value of its text', () => {
    expect(JSON.stringify(planFromJson(text))).toBe(text);
  });

  // A hand that reads one part while it waits for another once left a rejected promise behind.
  test.each<[object]>([
    [{ old: { ...plan.old, selector: null } }],
    [{ new: null }],
    [{ routes: {} }],
    [{ routes: [{ ...plan.routes[0], rules: [{ index: '0', originals: [] }] }] }],
    [{ alerts: {} }],
    [{ objectives: { mode: 'leave', objects: [null] } }],
  ])('with other parts cannot be read: %j', (changes) => {
    expect(() => planFromJson(JSON.stringify({ ...plan, ...changes }))).toThrow(
      expect.objectContaining({ code: 'plan-unreadable' }),
    );
  });

  test.each(['', 'null', '[]', text.slice(0, 200)])('%s cannot be read', (broken) => {
    expect(() => planFromJson(broken)).toThrow(InvariantError);
  });

  test('nor can adopted routes that are none', () => {
    expect(adoptedFrom(plan.routes)).toBe(plan.routes);
    expect(() => adoptedFrom([{ ...plan.routes[0], uid: null }])).toThrow(InvariantError);
  });
});
