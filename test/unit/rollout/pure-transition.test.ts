import { describe, expect, test } from 'vitest';
import { transition } from 'xstate';
import { eventOf } from '../../../workflows/rollout/event-of.ts';
import { pureTransition } from '../../../workflows/rollout/pure-transition.ts';
import { readState } from '../../../workflows/rollout/read-state.ts';
import type { JournalEntry } from '../../../workflows/rollout/stored.ts';
import { CURRENT_VERSION, VERSIONS } from '../../../workflows/rollout/versions.ts';
import { aDriver, drive, healthyLook, send, stateIs } from '../../helpers/driver.ts';

/** Every message of a journal again, on a rollout of its own, with the document that it found. */
const again = (entries: readonly JournalEntry[], see: (found: Found) => void): void => {
  const driver = aDriver();
  for (const { message, atMs, seq } of entries.slice(1)) {
    const { document } = driver;
    driver.nowMs = atMs;
    const next = send(driver, message);
    if (next.kind !== 'next') throw new Error(`entry ${seq} is ${next.kind} now`);
    const snapshot = JSON.parse(document.snapshot) as Found['snapshot'];
    const context = { ...snapshot.context, nowMs: atMs, revision: seq };
    const words = readState(document);
    const { event } = eventOf(message as Parameters<typeof eventOf>[0], context, words);
    see({ snapshot: { ...snapshot, context }, event, stored: next.document.snapshot });
  }
};

interface Found {
  readonly snapshot: { readonly context: ReturnType<typeof readState>['context'] };
  readonly event: unknown;
  /** The snapshot that the step stored. */
  readonly stored: string;
}

const machine = VERSIONS.get(CURRENT_VERSION)?.machine;

const journals: readonly (readonly [string, readonly JournalEntry[]])[] = [
  ['promoted', drive(aDriver(), stateIs('promoted')).entries],
  [
    'rolledBack',
    drive(aDriver(), stateIs('rolledBack'), {
      look: (atMs) => healthyLook(atMs, 0.5),
    }).entries,
  ],
];

describe.each(journals)('over every message of a rollout that ends %s', (_end, entries) => {
  test('the transition is XState’s own, actions included', () => {
    if (machine === undefined) throw new Error('no machine');
    again(entries, ({ snapshot, event }) => {
      const before = machine.restoreSnapshot(snapshot as never, {} as never);
      const [next, actions] = transition(machine, before, event as never);
      const mine = pureTransition(machine, before, event);
      expect(machine.getPersistedSnapshot(mine.next as never)).toEqual(machine.getPersistedSnapshot(next));
      expect(mine.actions).toEqual(actions.map(({ type, params }) => ({ type, params })));
    });
  });

  test('the step stores, byte for byte, what XState alone would restore and persist', () => {
    if (machine === undefined) throw new Error('no machine');
    again(entries, ({ snapshot, event, stored }) => {
      const before = machine.restoreSnapshot(snapshot as never, {} as never);
      const [next] = transition(machine, before, event as never);
      expect(stored).toBe(JSON.stringify(machine.getPersistedSnapshot(next)));
    });
  });
});
