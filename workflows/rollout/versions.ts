/**
 * The released machines. A document names the version that began it and is run by it to the end, so a deploy strands
 * nobody (protocol P1). A change to the machine needs: a new version here, the old one kept as it was, and a golden
 * document of the old one in test/golden.
 *
 * | version | since | change |
 * | --- | --- | --- |
 * | 1 | 0.1.0 | the first |
 */
import type { AnyStateMachine } from 'xstate';
import { canonicalJson, sha256Hex } from '../spec/canonical.ts';
import { rolloutMachine } from './machine.ts';

export interface MachineVersion {
  readonly version: string;
  readonly machine: AnyStateMachine;
  /** Of the structure: states, transitions, named guards, actions and delays; not of their code. */
  readonly hash: string;
}

/** Fingerprint of a machine's structure. */
export const machineHash = (machine: AnyStateMachine): string =>
  sha256Hex(canonicalJson(JSON.parse(JSON.stringify(machine.config)))).slice(0, 16);

export const machineVersion = (version: string, machine: AnyStateMachine): MachineVersion => ({
  version,
  machine,
  hash: machineHash(machine),
});

export type MachineVersions = ReadonlyMap<string, MachineVersion>;

/** New rollouts begin with this one. */
export const CURRENT_VERSION = '1';

export const VERSIONS: MachineVersions = new Map([
  [CURRENT_VERSION, machineVersion(CURRENT_VERSION, rolloutMachine)],
]);
