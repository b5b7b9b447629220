import { describe, expect, test } from 'vitest';
import { setup } from 'xstate';
import { delays } from '../../workflows/rollout/delays.ts';
import { guards } from '../../workflows/rollout/guards.ts';
import { rolloutMachine } from '../../workflows/rollout/machine.ts';
import type { Command } from '../../workflows/rollout/messages.ts';
import { VERSIONS } from '../../workflows/rollout/versions.ts';
import { type Declared, shapeFaults } from './machine-shape.ts';
import { COMMANDS, OUTCOMES, type OutcomeKind } from './payloads.ts';
import { nodesOf, transitionsOf } from './watched-machine.ts';

const declared: Declared = {
  guards: Object.keys(guards),
  actions: Object.keys(rolloutMachine.implementations.actions),
  delays: Object.keys(delays),
  // A way back never gives up (P5), and nothing that we made is forgotten because it could not be deleted yet (P6).
  patient: ['rollingBack', 'rollout.progress.failing.cleaning'],
};

/** Outcomes that no state waits for: they only leave the outbox. */
const IGNORED_OUTCOMES: readonly OutcomeKind[] = ['fenced', 'paged'];

const commandEvents = (Object.keys(COMMANDS) as Command['name'][]).map((name) => `command.${name}`);

/** What only the machine raises, and the facts that are neither outcomes nor commands. */
const OTHER_EVENTS = [
  'alerted',
  'tripped',
  'observed',
  'holdBegun',
  'holdExpired',
  'holdCleared',
  'resumed',
  'ended',
];

describe('the shape of the machine', () => {
  test('has an end in each region, a way in and out of every state, a deadline for all work, and nothing unused', () => {
    for (const { version, machine } of VERSIONS.values()) {
      const { states, faults } = shapeFaults(machine, declared);
      console.log(`machine ${version}: ${states} state nodes`);
      expect(states).toBeGreaterThan(60);
      expect(faults).toEqual([]);
    }
  });

  test('handles every event, or ignores it on purpose', () => {
    const handled = new Set(
      nodesOf(rolloutMachine)
        .flatMap(transitionsOf)
        .map(({ eventType }) => eventType)
        .filter((type) => type !== '' && !type.startsWith('xstate.')),
    );
    const events = [...Object.keys(OUTCOMES), ...commandEvents, ...OTHER_EVENTS];

    expect(events.filter((event) => !handled.has(event))).toEqual(IGNORED_OUTCOMES);
    expect([...handled].filter((event) => !events.includes(event))).toEqual([]);
    console.log(`${events.length} kinds of events`);
  });

  test('has deadlines whose names say so: they come before bakes that are due at the same instant (P9)', () => {
    const ending = nodesOf(rolloutMachine)
      .flatMap(({ after }) => after)
      .filter(({ target }) =>
        target?.some(({ id }) => ['failed', 'failing', 'rollingBack', 'promoted'].includes(id)),
      )
      .map(({ delay }) => String(delay));

    expect(ending.length).toBeGreaterThan(8);
    // `stepBack` asks its guard whether the old side was waited for long enough.
    expect(new Set(ending.filter((name) => !name.endsWith('Deadline')))).toEqual(new Set(['stepBack']));
  });

  test('is told apart from one with every fault that is looked for', () => {
    const planted = setup({
      guards: { never: () => false },
      actions: { effect: () => undefined, idle: () => undefined },
      delays: { unusedDelay: 1, wait: 1 },
    }).createMachine({
      id: 'm',
      type: 'parallel',
      states: {
        one: {
          initial: 'first',
          states: {
            first: {
              entry: { type: 'effect' },
              on: { go: [{ target: 'second' }, { guard: 'never', target: 'third' }] },
            },
            second: {
              initial: 'inner',
              states: { inner: { type: 'final' }, back: { type: 'history' } },
            },
            third: { after: { wait: 'second', mistyped: 'first' } as never },
            island: { on: { go: 'first' } },
          },
        },
        two: { initial: 'only', states: { only: {}, end: { type: 'final' } } },
      },
    });

    const { faults } = shapeFaults(planted, {
      guards: ['never'],
      actions: ['effect', 'idle'],
      delays: ['unusedDelay', 'wait'],
      patient: [],
    });

    expect(faults).toEqual([
      'm.one.second.back: a history state',
      'm.one: no end',
      'm.one.second.inner: ends within a stage',
      'm.one.second.back: nothing leads there',
      'm.one.island: nothing leads there',
      'm.two.end: nothing leads there',
      'm.two.only: nothing leaves it',
      'm.one.first: work without a deadline',
      'm.one.first on go: a candidate behind one without a guard',
      'action idle: declared, not used',
      'delay unusedDelay: declared, not used',
      'delay mistyped: used, not declared',
    ]);
  });
});
