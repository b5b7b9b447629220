import { type AnyStateMachine, StateMachine } from 'xstate';
import { rolloutMachine } from '../../../workflows/rollout/machine.ts';
import { type MachineVersions, machineVersion, VERSIONS } from '../../../workflows/rollout/versions.ts';

/** The present machine with another structure: one event more, so that its hash is another one. */
const changedMachine = (): AnyStateMachine =>
  new StateMachine(
    { ...rolloutMachine.config, on: { ...rolloutMachine.config.on, 'future.event': {} } } as never,
    rolloutMachine.implementations as never,
  ) as unknown as AnyStateMachine;

let both: MachineVersions | null = null;

/** All released versions, and one more as a later deploy would bring it. */
export const nextVersions = (): MachineVersions => {
  both ??= new Map([...VERSIONS, ['2', machineVersion('2', changedMachine())]]);
  return both;
};
