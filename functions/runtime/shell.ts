import type { Ports } from '../../workflows/ports.ts';
import { CURRENT_VERSION, type MachineVersions } from '../../workflows/rollout/versions.ts';
import { createParsedTexts, type ParsedTexts } from './parsed-texts.ts';
import { soundPorts } from './sound-ports.ts';

/** What doors and runtime are given when a process starts. No module of theirs keeps state of its own. */
export interface Shell {
  readonly ports: Ports;
  readonly versions: MachineVersions;
  /** The version that new rollouts begin with. */
  readonly startVersion: string;
  /** Unlike any other process that ever ran: part of the commit ids. */
  readonly instanceId: string;
  /** Makes commit ids; counts within the process. */
  readonly nextCommitId: () => string;
  readonly settings: ShellSettings;
  /** Changes what is fast, never what is decided. */
  readonly texts: ParsedTexts;
}

export interface ShellSettings {
  /** How long one wake may run: the minute to the next wake, and the 15 s that a burst looks back (protocol P3). */
  readonly wakeBudgetMs: number;
  readonly lookMs: number;
  /** Sooner, once a look was suspicious. */
  readonly suspiciousLookMs: number;
  /** Budget of every other invocation; below the acknowledgement deadline. */
  readonly budgetMs: number;
}

export const DEFAULT_SETTINGS: ShellSettings = {
  wakeBudgetMs: 75_000,
  lookMs: 5_000,
  suspiciousLookMs: 2_000,
  budgetMs: 60_000,
};

/** A shell for one process. */
export const createShell = (given: {
  readonly ports: Ports;
  readonly versions: MachineVersions;
  readonly startVersion?: string;
  readonly instanceId: string;
  readonly settings?: Partial<ShellSettings>;
}): Shell => {
  let commits = 0;
  return {
    ports: soundPorts(given.ports),
    versions: given.versions,
    startVersion: given.startVersion ?? CURRENT_VERSION,
    instanceId: given.instanceId,
    nextCommitId: () => {
      commits += 1;
      return `${given.instanceId}/${commits}`;
    },
    settings: { ...DEFAULT_SETTINGS, ...given.settings },
    texts: createParsedTexts(),
  };
};
