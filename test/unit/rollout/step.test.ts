import { describe, expect, test } from 'vitest';
import { readState } from '../../../workflows/rollout/read-state.ts';
import { replay } from '../../../workflows/rollout/replay.ts';
import { aPlan } from '../../helpers/a-plan.ts';
import {
  aDriver,
  command,
  type Driver,
  drive,
  healthy,
  healthyLook,
  send,
  stateIs,
} from '../../helpers/driver.ts';

const finished = (driver: Driver): boolean => driver.document.finishedAtMs !== null;
const contextOf = (driver: Driver) => readState(driver.document).context;
const visited = (driver: Driver): string[] => [...new Set(driver.entries.map((entry) => entry.to))];

describe('a rollout through the pure step', () => {
  test('climbs the ladder and is promoted', () => {
    const driver = drive(aDriver(), finished);

    expect(visited(driver)).toEqual([
      'queued',
      'preflight',
      'deploying',
      'provisioning',
      'verifying',
      'shifting',
      'soaking',
      'retaining',
      'retiring',
      'promoted',
    ]);
    expect(driver.document).toMatchObject({ state: 'promoted', held: null, timers: [], outbox: [] });
    expect(replay(driver.document, driver.entries)).toMatchObject({ kind: 'matches' });
  });

  test('bakes each rung in full before the next share', () => {
    const shares: [number, number][] = [];
    drive(aDriver(), finished, {
      answer: (effect, driver) => {
        if (effect.kind === 'setWeights') shares.push([effect.sharePercent, driver.nowMs]);
        return healthy(effect, driver);
      },
    });

    expect(shares.map(([share]) => share)).toEqual([0, 5, 25, 100]);
    expect((shares[2]?.[1] ?? 0) - (shares[1]?.[1] ?? 0)).toBeGreaterThanOrEqual(600_000);
    expect((shares[3]?.[1] ?? 0) - (shares[2]?.[1] ?? 0)).toBeGreaterThanOrEqual(600_000);
  });

  test('an alert at 25 % rolls back, and the rollback effect is the only work', () => {
    const driver = drive(aDriver(), (at) => contextOf(at).confirmedPercent === 25 && stateIs('baking')(at));
    const step = send(driver, {
      kind: 'alert',
      messageId: 'incident/1/open',
      incident: {
        incidentId: '1',
        state: 'open',
        policy: 'projects/acme/alertPolicies/1',
        policyDisplayName: 'llm 5xx',
        startedAtMs: driver.nowMs,
        endedAtMs: null,
        summary: '',
      },
    });

    expect(step.kind === 'next' && step.entry.effects).toEqual(['rollBack']);
    expect(driver.document.outbox.map((item) => item.effect.kind)).toEqual(['rollBack']);
    drive(driver, finished);
    expect(driver.document.state).toBe('rolledBack');
    expect(contextOf(driver).ending).toMatchObject({ outcome: 'rolledBack', reason: 'alert' });
    expect(replay(driver.document, driver.entries)).toMatchObject({ kind: 'matches' });
  });

  test('an incident from before our traffic is refused with the reason', () => {
    const driver = drive(aDriver(), (at) => contextOf(at).confirmedPercent === 5);
    const step = send(driver, {
      kind: 'alert',
      messageId: 'incident/0/open',
      incident: {
        incidentId: '0',
        state: 'open',
        policy: 'projects/acme/alertPolicies/1',
        policyDisplayName: 'llm 5xx',
        startedAtMs: (contextOf(driver).trafficSinceMs ?? 0) - 61_000,
        endedAtMs: null,
        summary: '',
      },
    });

    expect(step.kind === 'next' && step.entry.refusal).toBe('it started more than 60 s before our traffic');
    expect(driver.document.state).toBe('shifting');
  });

  test('failing requests of the new side roll back by the tripwire of the minute', () => {
    const driver = drive(aDriver(), finished, { look: (atMs) => healthyLook(atMs, 0.2) });

    expect(driver.document.state).toBe('rolledBack');
    expect(contextOf(driver).ending?.reason).toBe('tripwire:errors.fast');
  });

  test('without data a rung is extended, then held, then rolled back when nobody comes', () => {
    const driver = drive(aDriver(), stateIs('suspended'), {
      look: (atMs) => ({ atMs, pods: [], pickers: [] }),
    });
    expect(contextOf(driver).hold).toMatchObject({ reason: 'inconclusive', auto: false });
    expect(contextOf(driver).bake.extensions).toBe(2);

    drive(driver, finished, { look: (atMs) => ({ atMs, pods: [], pickers: [] }) });
    expect(contextOf(driver).ending).toMatchObject({ outcome: 'rolledBack', reason: 'holdTimeout' });
  });

  test('nobody saw the last minute of a bake: it is extended', () => {
    const blind = (atMs: number) => ({ atMs, pods: [], pickers: [] });
    const driver = drive(aDriver(), (at) => stateIs('baking')(at) && contextOf(at).confirmedPercent === 5);
    const endMs = driver.nowMs + contextOf(driver).bake.remainingMs;
    drive(driver, (at) => at.nowMs >= endMs);
    drive(driver, (at) => contextOf(at).bake.extensions === 1, { look: blind });

    const judged = driver.entries.findLast(({ verdicts }) => verdicts.length > 0);
    expect(judged?.verdicts.map(({ answer }) => answer)).toEqual(['inconclusive']);
    expect(judged?.verdicts[0]?.sentence).toMatch(/but the last look is 60 s old: inconclusive$/);
  });

  test('a pause stops the bake, a resume confirms anew and bakes the rest', () => {
    const driver = drive(aDriver(), (at) => stateIs('baking')(at) && contextOf(at).confirmedPercent === 5);
    driver.nowMs += 4 * 60_000;
    command(driver, { name: 'pause', generation: 1, reason: 'lunch' });
    expect(driver.document.held).toBe('operator');
    expect(contextOf(driver).bake.remainingMs).toBe(6 * 60_000);
    expect(driver.document.outbox.map((item) => item.effect.kind)).toEqual(['fenceRoutes']);

    driver.nowMs += 3_600_000;
    command(driver, { name: 'resume', generation: 2, holdId: null, drift: null });
    const resumedMs = driver.nowMs;
    drive(driver, (at) => contextOf(at).askedPercent === 25);
    expect(driver.nowMs - resumedMs).toBeGreaterThanOrEqual(6 * 60_000);
    expect(driver.nowMs - resumedMs).toBeLessThan(9 * 60_000);
  });

  test('an older pause after a newer resume is refused', () => {
    const driver = drive(aDriver(), stateIs('baking'));
    command(driver, { name: 'pause', generation: 1, reason: '' });
    command(driver, { name: 'resume', generation: 3, holdId: null, drift: null });
    const late = command(driver, { name: 'pause', generation: 2, reason: '' });

    expect(late.kind === 'next' && late.entry.refusal).toBe('generation 2 is not newer than 3');
    expect(driver.document.held).toBeNull();
  });

  test('an approval is asked before its share, and not given by who started', () => {
    const plan = aPlan();
    const ladder = plan.ladder.map((rung) => ({ ...rung, approval: rung.sharePercent === 25 }));
    const driver = drive(aDriver(aPlan({ ladder })), stateIs('approving'));
    const { stepEntry } = contextOf(driver);

    const own = command(driver, { name: 'approve', stepEntry }, 'ana@example.com');
    expect(own.kind === 'next' && own.entry.refusal).toBe('who started the rollout may not approve it');
    const past = command(driver, { name: 'approve', stepEntry: 'llm-to-new-1/3' });
    expect(past.kind === 'next' && past.entry.refusal).toContain('is past');
    command(driver, { name: 'approve', stepEntry });
    drive(driver, (at) => contextOf(at).confirmedPercent === 25);
    const replayed = command(driver, { name: 'approve', stepEntry });
    expect(replayed.kind === 'next' && replayed.entry.refusal).toBe('nothing waits for an approval');
  });

  test('a drift holds; adopting bakes the foreign share in full, then sets the rung', () => {
    const shares: number[] = [];
    const answer: typeof healthy = (effect, driver) => {
      if (effect.kind === 'setWeights') shares.push(effect.sharePercent);
      return healthy(effect, driver);
    };
    const driver = drive(aDriver(), (at) => contextOf(at).confirmedPercent === 25 && stateIs('baking')(at), {
      answer,
    });
    const { stepEntry } = contextOf(driver);
    send(driver, {
      kind: 'noticed',
      messageId: 'n1',
      stepEntry,
      notice: {
        kind: 'drifted',
        drift: {
          route: 'serving/r',
          by: 'kubectl-edit',
          what: 'weights',
          sharePercent: 10,
          sentence: 'changed',
        },
      },
    });
    expect(driver.document.held).toBe('drift');
    const plain = command(driver, { name: 'resume', generation: 1, holdId: null, drift: null });
    expect(plain.kind === 'next' && plain.entry.refusal).toContain('adopt or reapply');

    command(driver, { name: 'resume', generation: 1, holdId: null, drift: 'adopt' });
    drive(driver, finished, { answer });
    expect(driver.document.state).toBe('promoted');
    expect(shares).toEqual([0, 5, 25, 10, 25, 100]);
  });

  test('a refused way back holds by itself and ends by itself', () => {
    let refusals = 3;
    const answer: typeof healthy = (effect, driver) => {
      if (effect.kind === 'proveWayBack' && effect.sharePercent === 25 && refusals > 0) {
        refusals -= 1;
        return { kind: 'wayBackRefused', reason: 'freeze', sentence: 'frozen' };
      }
      return healthy(effect, driver);
    };
    const driver = drive(aDriver(), stateIs('blocked'), { answer });
    expect(contextOf(driver).hold).toMatchObject({ reason: 'freeze', auto: true });
    drive(driver, finished, { answer });
    expect(driver.document.state).toBe('promoted');
    expect(refusals).toBe(0);
  });

  test('before traffic moved a rollout fails and cleans up', () => {
    const driver = drive(aDriver(), finished, {
      answer: (effect, at) =>
        effect.kind === 'verifyPods'
          ? {
              kind: 'verifyFailed',
              findings: [
                {
                  severity: 'E',
                  code: 'adapter-missing',
                  object: 'Pod a',
                  what: 'no adapter',
                  why: '',
                  mend: '',
                },
              ],
            }
          : healthy(effect, at),
    });
    expect(driver.document.state).toBe('failed');
    expect(contextOf(driver).ending).toMatchObject({ outcome: 'failed', sentence: 'Pod a: no adapter' });
  });

  test('a sick old side keeps the shares until it is lost', () => {
    const driver = drive(aDriver(), (at) => contextOf(at).confirmedPercent === 25);
    command(driver, { name: 'rollback', reason: 'test', force: false });
    drive(driver, finished, {
      answer: (effect, at) =>
        effect.kind === 'rollBack'
          ? { kind: 'rollbackKept', sentence: 'no old pod is ready' }
          : healthy(effect, at),
    });
    expect(driver.document.state).toBe('failed');
    expect(contextOf(driver)).toMatchObject({ ending: { reason: 'oldSideLost' }, writtenPercent: 25 });
  });
});
