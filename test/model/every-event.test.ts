/** Rollouts at their ends, got there by a driver with the whole of a plan: whatever comes then changes nothing (I6). */
import { describe, expect, test } from 'vitest';
import type { Message } from '../../workflows/rollout/messages.ts';
import { readState } from '../../workflows/rollout/read-state.ts';
import { step } from '../../workflows/rollout/step.ts';
import { aDriver, command, type Driver, drive, healthy, healthyLook } from '../helpers/driver.ts';
import { COMMANDS, incident, NOTICES, OUTCOMES, origin } from './payloads.ts';

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

/** Every message that there is, addressed to what stands in the document. */
const everyMessage = (driver: Driver): Message[] => {
  const { stepEntry } = readState(driver.document).context;
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
      return { kind: 'command', messageId: `c/${made.name}`, origin: origin('bo'), command: made };
    }),
    ...(['open', 'closed'] as const).map(
      (state): Message => ({
        kind: 'alert',
        messageId: `i/${state}`,
        incident: incident({ state, startedAtMs: driver.nowMs }),
      }),
    ),
    ...timers.map((timerId): Message => ({ kind: 'timer', messageId: `t/${timerId}`, timerId, token: 't' })),
    { kind: 'observed', messageId: 'obs', stepEntry, look: healthyLook(driver.nowMs) },
    ...Object.entries(NOTICES).map(
      ([name, notice]): Message => ({ kind: 'noticed', messageId: `n/${name}`, stepEntry, notice }),
    ),
    { kind: 'recordExecuted', messageId: 'r', why: 'x' },
    {
      kind: 'started',
      messageId: 's',
      origin: origin('bo'),
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
});
