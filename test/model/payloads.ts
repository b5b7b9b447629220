/** Every kind of message with representative payloads. The types make a forgotten kind a compile error. */
import type { Effect } from '../../workflows/rollout/effects.ts';
import type { Command, Drift, Message, Notice, Outcome } from '../../workflows/rollout/messages.ts';
import type { Incident } from '../../workflows/rollout/stored.ts';
import { aPlan } from '../helpers/a-plan.ts';

export type OutcomeKind = Outcome['kind'];

const finding = { severity: 'E', code: 'x', object: '', what: '', why: '', mend: '' } as const;

const GONE: Drift = {
  route: 'a/b',
  by: 'unknown',
  what: 'routeDeleted',
  sharePercent: null,
  sentence: 'is gone',
};

/** Below the rung, above it, no single share, and a route that is gone. */
export const DRIFTS: Readonly<Record<string, Drift>> = {
  below: { route: 'a/b', by: 'x', what: 'weights', sharePercent: 10, sentence: 'changed' },
  above: { route: 'a/b', by: 'x', what: 'weights', sharePercent: 60, sentence: 'changed' },
  mixed: { route: 'a/b', by: 'x', what: 'refs', sharePercent: null, sentence: 'changed' },
  gone: GONE,
};

const drift = DRIFTS['below'] as Drift;

/** One of each kind. */
export const OUTCOMES: { readonly [K in OutcomeKind]: Extract<Outcome, { kind: K }> } = {
  queueOpen: { kind: 'queueOpen' },
  planned: { kind: 'planned', plan: aPlan(), hash: 'a', findings: [] },
  refused: { kind: 'refused', reason: 'x', findings: [finding] },
  locksTaken: { kind: 'locksTaken', key: 'k', holder: 'h' },
  objectsCreated: { kind: 'objectsCreated', stage: 'cheap', identities: [] },
  nodePoolCreated: { kind: 'nodePoolCreated', nodePool: 'p' },
  nodePoolFailed: { kind: 'nodePoolFailed', nodePool: 'p', reason: 'x', anyReadyNode: false },
  newSideReady: { kind: 'newSideReady', pods: 3 },
  verified: { kind: 'verified', pods: 3, checks: 3 },
  verifyFailed: { kind: 'verifyFailed', findings: [finding] },
  wayBackProved: { kind: 'wayBackProved', newReady: 3 },
  wayBackRefused: { kind: 'wayBackRefused', reason: 'freeze', sentence: 'x' },
  weightsWritten: { kind: 'weightsWritten', sharePercent: 5, atMs: 1, routes: [] },
  weightsConfirmed: { kind: 'weightsConfirmed', sharePercent: 5, atMs: 1 },
  drifted: { kind: 'drifted', drift },
  fenced: { kind: 'fenced' },
  adopted: { kind: 'adopted', sharePercent: 5, routes: [] },
  adoptRefused: { kind: 'adoptRefused', sentence: 'x' },
  objectivesMoved: { kind: 'objectivesMoved', to: 'new' },
  rollbackWritten: { kind: 'rollbackWritten', sharePercent: 0, atMs: 1, complete: true, foreignWrites: 0 },
  rollbackKept: { kind: 'rollbackKept', sentence: 'x' },
  rollbackConfirmed: { kind: 'rollbackConfirmed', atMs: 1 },
  routeGone: { kind: 'routeGone', route: 'a/b' },
  refsRemoved: { kind: 'refsRemoved', side: 'old' },
  refsRemovalConfirmed: { kind: 'refsRemovalConfirmed' },
  objectsDeleted: { kind: 'objectsDeleted', notDone: [] },
  nodePoolDeleted: { kind: 'nodePoolDeleted' },
  paged: { kind: 'paged' },
};

/**
 * What the outside can answer to each effect beside success, as the hands are written. A lock that is taken is found by
 * the commit of an outcome, in the effect's place.
 */
export const OTHER_ANSWERS: { readonly [K in Effect['kind']]: readonly OutcomeKind[] } = {
  awaitTurn: ['locksTaken'],
  makePlan: ['refused', 'locksTaken'],
  createObjects: ['refused'],
  createNodePool: ['nodePoolFailed'],
  awaitNewSide: [],
  verifyPods: ['verifyFailed'],
  proveWayBack: ['wayBackRefused', 'drifted'],
  setWeights: ['wayBackRefused', 'drifted'],
  confirmWeights: ['drifted'],
  fenceRoutes: [],
  adoptDrift: ['adoptRefused'],
  moveObjectives: [],
  rollBack: ['rollbackKept', 'routeGone'],
  confirmRollback: ['drifted', 'routeGone'],
  removeRefs: ['drifted'],
  confirmRefsRemoved: ['drifted'],
  deleteObjects: [],
  deleteNodePool: [],
  page: [],
};

/** Payloads that matter beside the one of `OUTCOMES`; the name says what is different. */
export const VARIANTS: {
  readonly [K in OutcomeKind]?: Readonly<Record<string, Extract<Outcome, { kind: K }>>>;
} = {
  nodePoolFailed: { someReady: { ...OUTCOMES.nodePoolFailed, anyReadyNode: true } },
  // All of them come as notices too.
  drifted: { gone: { kind: 'drifted', drift: GONE } },
  rollbackWritten: {
    overForeign: { ...OUTCOMES.rollbackWritten, foreignWrites: 2 },
  },
  objectsDeleted: { notAll: { kind: 'objectsDeleted', notDone: [finding] } },
  adopted: {
    below: { kind: 'adopted', sharePercent: 10, routes: [] },
    above: { kind: 'adopted', sharePercent: 60, routes: [] },
  },
};

export const COMMANDS: {
  readonly [N in Command['name']]: (entry: string) => Extract<Command, { name: N }>;
} = {
  pause: () => ({ name: 'pause', generation: 99, reason: '' }),
  resume: () => ({ name: 'resume', generation: 100, holdId: null, drift: null }),
  approve: (stepEntry) => ({ name: 'approve', stepEntry }),
  skip: (stepEntry) => ({ name: 'skip', stepEntry, reason: 'x' }),
  finish: (stepEntry) => ({ name: 'finish', stepEntry }),
  rollback: () => ({ name: 'rollback', reason: 'x', force: true }),
  abandon: () => ({ name: 'abandon', reason: 'x' }),
};

const tripped = (action: 'rollback' | 'hold'): Notice => ({
  kind: 'tripped',
  gate: 'g',
  action,
  sentence: 'x',
  samples: 1,
  newValue: 1,
  oldValue: 0,
  limit: 0,
});

export const NOTICES: Readonly<Record<string, Notice>> = {
  ...Object.fromEntries(
    Object.entries(DRIFTS).map(([name, one]): [string, Notice] => [
      `drifted ${name}`,
      { kind: 'drifted', drift: one },
    ]),
  ),
  'tripped rollback': tripped('rollback'),
  'tripped by latency': { ...tripped('rollback'), gate: 'queue' } as Notice,
  'tripped hold': tripped('hold'),
};

export const POLICY = 'projects/acme/alertPolicies/1';

export const incident = (given: Partial<Incident> & Pick<Incident, 'startedAtMs'>): Incident => ({
  incidentId: 'i',
  state: 'open',
  policy: POLICY,
  policyDisplayName: '',
  endedAtMs: null,
  summary: '',
  ...given,
});

export const origin = (principal: string): Extract<Message, { kind: 'command' }>['origin'] => ({
  principal,
  via: 'api',
});
