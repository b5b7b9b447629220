import { describe, expect, test } from 'vitest';
import { delays } from '../../../workflows/rollout/delays.ts';
import { guards } from '../../../workflows/rollout/guards.ts';
import { rolloutMachine } from '../../../workflows/rollout/machine.ts';
import { VERSIONS } from '../../../workflows/rollout/versions.ts';

/** A state's configuration as far as the lint reads it. */
interface StateConfig {
  readonly type?: string;
  readonly after?: Record<string, unknown>;
  readonly on?: Record<string, unknown>;
  readonly always?: unknown;
  readonly entry?: unknown;
  readonly exit?: unknown;
  readonly invoke?: unknown;
  readonly states?: Record<string, StateConfig>;
}

const list = (value: unknown): unknown[] =>
  value === undefined ? [] : Array.isArray(value) ? value : [value];

const KNOWN_ACTIONS = new Set(Object.keys(rolloutMachine.implementations.actions));

const actionFaults = (actions: unknown, where: string): string[] =>
  list(actions).flatMap((action) => {
    if (typeof action === 'function') return [`${where}: inline action`];
    const name = typeof action === 'string' ? action : (action as { type: string }).type;
    return KNOWN_ACTIONS.has(name) ? [] : [`${where}: undeclared action ${name}`];
  });

const transitionFaults = (transitions: unknown, where: string): string[] =>
  list(transitions).flatMap((transition) => {
    if (typeof transition !== 'object' || transition === null) return [];
    const { guard, actions } = transition as { guard?: unknown; actions?: unknown };
    const guardFault =
      guard === undefined || (typeof guard === 'string' && guard in guards)
        ? []
        : [`${where}: undeclared guard ${JSON.stringify(guard).replaceAll('"', '')}`];
    return [...guardFault, ...actionFaults(actions, where)];
  });

const faultsOf = (state: StateConfig, path: string): { faults: string[]; states: number } => {
  const faults: string[] = [];
  if (state.invoke !== undefined) faults.push(`${path}: invoke`);
  for (const [delay, transitions] of Object.entries(state.after ?? {})) {
    if (!(delay in delays)) faults.push(`${path}: undeclared or numeric delay ${delay}`);
    faults.push(...transitionFaults(transitions, `${path} after ${delay}`));
  }
  for (const [event, transitions] of Object.entries(state.on ?? {})) {
    if (event === '*' || event.startsWith('xstate.')) faults.push(`${path}: catches ${event}`);
    faults.push(...transitionFaults(transitions, `${path} on ${event}`));
  }
  faults.push(...transitionFaults(state.always, `${path} always`));
  faults.push(...actionFaults(state.entry, `${path} entry`), ...actionFaults(state.exit, `${path} exit`));
  let states = 1;
  for (const [name, child] of Object.entries(state.states ?? {})) {
    const inner = faultsOf(child, `${path}.${name}`);
    faults.push(...inner.faults);
    states += inner.states;
  }
  return { faults, states };
};

describe('machine lint', () => {
  test('every released machine names only declared guards, delays and actions, and invokes nothing', () => {
    for (const { version, machine } of VERSIONS.values()) {
      const { faults, states } = faultsOf(machine.config as StateConfig, `v${version}`);
      console.log(`machine ${version}: ${states} states read`);
      expect(states).toBeGreaterThan(40);
      expect(faults).toEqual([]);
    }
  });

  test('the lint finds what it looks for', () => {
    const planted: StateConfig = {
      after: { bakee: 'x', 1000: 'y' },
      entry: [() => undefined, 'nobody'],
      on: { '*': { guard: 'never' } },
      invoke: {},
    };

    expect(faultsOf(planted, 'm').faults).toEqual([
      'm: invoke',
      'm: undeclared or numeric delay 1000',
      'm: undeclared or numeric delay bakee',
      'm: catches *',
      'm on *: undeclared guard never',
      'm entry: inline action',
      'm entry: undeclared action nobody',
    ]);
  });
});
