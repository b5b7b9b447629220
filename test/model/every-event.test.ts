import { describe, expect, test } from 'vitest';
import type { Command, Message, Notice, Outcome } from '../../workflows/rollout/messages.ts';
import { readState } from '../../workflows/rollout/read-state.ts';
import { step } from '../../workflows/rollout/step.ts';
import { aPlan } from '../helpers/a-plan.ts';
import { aDriver, command, type Driver, drive, healthy, healthyLook } from '../helpers/driver.ts';

const finished = (driver: Driver): boolean => driver.document.finishedAtMs !== null;

const END_STATES: Readonly<Record<string, () => Driver>> = {
  promoted: () => drive(aDriver(), finished),
  rolledBack: () => {
    const driver = drive(aDriver(), (at) => readState(at.document).context.confirmedPercent === 25);
    command(driver, { name: 'rollback', reason: 'test', force: false });
    return drive(driver, finished);
  },
  failed: () =>
    drive(aDriver(), finished, {
      answer: (effect, at) =>
        effect.kind === 'verifyPods' ? { kind: 'verifyFailed', findings: [] } : healthy(effect, at),
    }),
  abandoned: () => {
    const driver = drive(aDriver(), (at) => readState(at.document).context.confirmedPercent === 5);
    command(driver, { name: 'abandon', reason: 'test' });
    return driver;
  },
  abandonedWhileHeld: () => {
    const driver = drive(aDriver(), (at) => readState(at.document).context.confirmedPercent === 5);
    command(driver, { name: 'pause', generation: 1, reason: '' });
    command(driver, { name: 'abandon', reason: 'test' });
    return driver;
  },
};

const finding = { severity: 'E', code: 'x', object: '', what: '', why: '', mend: '' } as const;
const drift = { route: 'a/b', by: 'x', what: 'weights', sharePercent: 5, sentence: 'changed' } as const;

/** One of each kind; the record's type makes a forgotten one a compile error. */
const OUTCOMES: { readonly [K in Outcome['kind']]: Extract<Outcome, { kind: K }> } = {
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

const COMMANDS: { readonly [N in Command['name']]: (entry: string) => Extract<Command, { name: N }> } = {
  pause: () => ({ name: 'pause', generation: 99, reason: '' }),
  resume: () => ({ name: 'resume', generation: 100, holdId: null, drift: null }),
  approve: (stepEntry) => ({ name: 'approve', stepEntry }),
  skip: (stepEntry) => ({ name: 'skip', stepEntry, reason: 'x' }),
  finish: (stepEntry) => ({ name: 'finish', stepEntry }),
  rollback: () => ({ name: 'rollback', reason: 'x', force: true }),
  abandon: () => ({ name: 'abandon', reason: 'x' }),
};

const NOTICES: readonly Notice[] = [
  { kind: 'drifted', drift },
  {
    kind: 'tripped',
    gate: 'g',
    action: 'rollback',
    sentence: 'x',
    samples: 1,
    newValue: 1,
    oldValue: 0,
    limit: 0,
  },
  {
    kind: 'tripped',
    gate: 'g',
    action: 'hold',
    sentence: 'x',
    samples: 1,
    newValue: 1,
    oldValue: 0,
    limit: 0,
  },
];

/** Every message that there is, addressed to what stands in the document. */
const everyMessage = (driver: Driver): Message[] => {
  const { stepEntry } = readState(driver.document).context;
  const origin = { principal: 'bo', via: 'api' };
  const timers = [
    ...new Set(
      driver.entries.flatMap((entry) => (entry.message.kind === 'timer' ? [entry.message.timerId] : [])),
    ),
  ];
  return [
    ...Object.values(OUTCOMES).map(
      (outcome): Message => ({ kind: 'outcome', messageId: `o/${outcome.kind}`, effectId: 'e', outcome }),
    ),
    ...Object.values(COMMANDS).map((make): Message => {
      const made = make(stepEntry);
      return { kind: 'command', messageId: `c/${made.name}`, origin, command: made };
    }),
    ...(['open', 'closed'] as const).map(
      (state): Message => ({
        kind: 'alert',
        messageId: `i/${state}`,
        incident: {
          incidentId: 'i',
          state,
          policy: 'projects/acme/alertPolicies/1',
          policyDisplayName: '',
          startedAtMs: driver.nowMs,
          endedAtMs: null,
          summary: '',
        },
      }),
    ),
    ...timers.map((timerId): Message => ({ kind: 'timer', messageId: `t/${timerId}`, timerId, token: 't' })),
    { kind: 'observed', messageId: 'obs', stepEntry, look: healthyLook(driver.nowMs) },
    ...NOTICES.map(
      (notice, index): Message => ({ kind: 'noticed', messageId: `n/${index}`, stepEntry, notice }),
    ),
    {
      kind: 'started',
      messageId: 's',
      origin,
      rolloutId: driver.document.rolloutId,
      expectedPlanHash: null,
      queue: false,
    },
  ];
};

describe('finished rollouts', () => {
  test.each(Object.keys(END_STATES))('%s: every message is sent, nothing changes', (name) => {
    const driver = (END_STATES[name] as () => Driver)();
    expect(driver.document.finishedAtMs).not.toBeNull();
    const before = JSON.stringify(driver.document);
    const messages = everyMessage(driver);

    for (const message of messages)
      expect(step(driver.document, message, driver.nowMs + 1), JSON.stringify(message)).toEqual({
        kind: 'finished',
      });
    expect(JSON.stringify(driver.document)).toBe(before);
    console.log(`${name}: ${messages.length} messages`);
    expect(messages.length).toBeGreaterThan(40);
  });

  test('a finished snapshot has both regions final and no timer, effect or hold', () => {
    for (const make of Object.values(END_STATES)) {
      const { document } = make();
      const snapshot = JSON.parse(document.snapshot) as { status: string; value: Record<string, unknown> };
      expect(snapshot.status).toBe('done');
      expect(snapshot.value['attention']).toBe('ended');
      expect(document).toMatchObject({ timers: [], outbox: [], held: null });
    }
  });

  test('every message sent to every state on the way is applied, refused or void, and never throws', () => {
    const seen = new Set<string>();
    let sent = 0;
    const tryAll = (driver: Driver): boolean => {
      const key = JSON.stringify((JSON.parse(driver.document.snapshot) as { value: unknown }).value);
      if (seen.has(key)) return finished(driver);
      seen.add(key);
      for (const message of everyMessage(driver)) {
        const real = driver.document.outbox[0];
        const addressed: Message =
          message.kind === 'outcome' && real !== undefined ? { ...message, effectId: real.id } : message;
        step(driver.document, addressed, driver.nowMs);
        sent += 1;
      }
      return finished(driver);
    };

    drive(aDriver(), tryAll);
    drive(aDriver(), (at) => tryAll(at) || readState(at.document).context.confirmedPercent === 25, {});
    const driver = drive(aDriver(), (at) => readState(at.document).context.confirmedPercent === 5);
    command(driver, { name: 'pause', generation: 1, reason: '' });
    tryAll(driver);
    command(driver, { name: 'rollback', reason: '', force: false });
    drive(driver, tryAll);
    console.log(`${seen.size} states, ${sent} messages`);
    expect(seen.size).toBeGreaterThan(25);
  });
});
