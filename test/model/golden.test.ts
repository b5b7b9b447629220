import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, test } from 'vitest';
import type { Plan } from '../../workflows/plans/plan.ts';
import type { Effect } from '../../workflows/rollout/effects.ts';
import type { Command } from '../../workflows/rollout/messages.ts';
import { parseDocument } from '../../workflows/rollout/parse-document.ts';
import { readState } from '../../workflows/rollout/read-state.ts';
import type { Step } from '../../workflows/rollout/step.ts';
import { VERSIONS } from '../../workflows/rollout/versions.ts';
import { MOMENTS } from '../golden/moments.ts';
import { command, type Driver, drive, healthy, send } from '../helpers/driver.ts';
import { incident } from './payloads.ts';

interface Golden {
  readonly nowMs: number;
  readonly plan: Plan;
  readonly document: unknown;
}

const read = (version: string, name: string): Driver => {
  const text = readFileSync(new URL(`../golden/v${version}/${name}.json`, import.meta.url), 'utf8');
  const golden = JSON.parse(text) as Golden;
  return {
    document: parseDocument(golden.document),
    nowMs: golden.nowMs,
    plan: golden.plan,
    entries: [],
    versions: VERSIONS,
  };
};

/** What a person has to do before it can go on. */
const help = (driver: Driver): void => {
  const { hold, stepEntry } = readState(driver.document).context;
  if (readState(driver.document).step === 'approving') command(driver, { name: 'approve', stepEntry });
  if (hold !== null && !hold.auto)
    command(driver, {
      name: 'resume',
      generation: 9,
      holdId: hold.id,
      drift: hold.reason === 'drift' ? 'reapply' : null,
    });
};

/** The message that a moment waits for: the answer to its work, its timer, or what a person says. */
type Awaited = 'answer' | { readonly timer: string } | ((stepEntry: string) => Command);

interface Onward {
  readonly by: Awaited;
  readonly state: string;
  readonly step: string;
  /** What the outbox gets. */
  readonly effects: readonly Effect['kind'][];
}

const skip: Awaited = (stepEntry) => ({ name: 'skip', stepEntry, reason: 'golden' });

const resume =
  (drift: 'adopt' | null): Awaited =>
  () => ({ name: 'resume', generation: 9, holdId: null, drift });

const shifting = (by: Awaited, step: string, ...effects: Effect['kind'][]): Onward => ({
  by,
  state: 'shifting',
  step,
  effects,
});

/** Where one message leads from each moment; the same for every version that keeps the moment. */
const ONWARD: Readonly<Record<keyof typeof MOMENTS, Onward>> = {
  queued: { by: 'answer', state: 'preflight', step: 'preflight', effects: ['makePlan'] },
  'provisioning-waiting': { by: 'answer', state: 'verifying', step: 'verifying', effects: ['verifyPods'] },
  verifying: shifting('answer', 'proving', 'proveWayBack'),
  // Nothing was seen yet: the bake is extended.
  'baking-5': shifting({ timer: 'bake' }, 'baking'),
  'baking-25': shifting(skip, 'proving', 'proveWayBack'),
  paused: shifting(resume(null), 'proving', 'proveWayBack'),
  drifted: shifting(resume('adopt'), 'adopting', 'adoptDrift'),
  approving: shifting((stepEntry) => ({ name: 'approve', stepEntry }), 'proving', 'proveWayBack'),
  blocked: shifting({ timer: 'recheck' }, 'proving', 'proveWayBack'),
  soaking: { by: skip, state: 'retaining', step: 'retaining', effects: [] },
  retaining: {
    // Its connections are drained first.
    by: (stepEntry) => ({ name: 'finish', stepEntry }),
    state: 'retaining',
    step: 'retaining',
    effects: [],
  },
  'retiring-draining': { by: { timer: 'drain' }, state: 'promoted', step: 'promoted', effects: [] },
  'rolling-back-settling': {
    by: { timer: 'settle' },
    state: 'rollingBack',
    step: 'checking',
    effects: ['confirmRollback'],
  },
  'rolling-back-draining': {
    by: { timer: 'drain' },
    state: 'rollingBack',
    step: 'detaching',
    effects: ['removeRefs'],
  },
  failing: { by: 'answer', state: 'failed', step: 'failed', effects: [] },
};

const sendAwaited = (driver: Driver, by: Awaited): Step => {
  const { timers, outbox } = driver.document;
  if (typeof by === 'function') return command(driver, by(readState(driver.document).context.stepEntry));
  if (by === 'answer') {
    const [item] = outbox;
    const outcome = item === undefined ? null : healthy(item.effect as unknown as Effect, driver);
    if (item === undefined || outcome === null) throw new Error('no work to answer');
    return send(driver, { kind: 'outcome', messageId: 'golden/next', effectId: item.id, outcome });
  }
  const timer = timers.find(({ id }) => id.startsWith(`xstate.after.${by.timer}.`));
  if (timer === undefined) throw new Error(`no timer ${by.timer}`);
  driver.nowMs = Math.max(driver.nowMs, timer.dueAtMs);
  return send(driver, { kind: 'timer', messageId: 'golden/next', timerId: timer.id, token: timer.token });
};

/** Traffic is on the new side: an incident counts. */
const SPLIT = new Set([
  'baking-5',
  'baking-25',
  'paused',
  'drifted',
  'approving',
  'blocked',
  'soaking',
  'retaining',
]);

describe('documents of every released machine', () => {
  const files = [...VERSIONS.keys()].flatMap((version) =>
    readdirSync(new URL(`../golden/v${version}/`, import.meta.url)).map(
      (file) => [version, file.replace('.json', '')] as const,
    ),
  );

  test('there is one for each moment', () => {
    console.log(`${files.length} golden documents`);
    for (const version of VERSIONS.keys())
      expect(
        files
          .filter(([of]) => of === version)
          .map(([, name]) => name)
          .toSorted((a, b) => a.localeCompare(b)),
      ).toEqual(Object.keys(MOMENTS).toSorted((a, b) => a.localeCompare(b)));
  });

  test.each(files)('machine %s, %s: is restored and runs to its end', (version, name) => {
    const driver = read(version, name);
    expect(driver.document.machineHash).toBe(VERSIONS.get(version)?.hash);
    help(driver);

    drive(driver, (at) => at.document.finishedAtMs !== null);

    const expected = name.startsWith('rolling-back')
      ? 'rolledBack'
      : name === 'failing'
        ? 'failed'
        : 'promoted';
    expect(driver.document.state).toBe(expected);
  });

  test.each(files)('machine %s, %s: can be rolled back wherever a rollout may be', (version, name) => {
    const driver = read(version, name);
    command(driver, { name: 'rollback', reason: 'golden', force: false });

    drive(driver, (at) => at.document.finishedAtMs !== null);

    const expected = name === 'retiring-draining' ? ['promoted'] : ['rolledBack', 'failed'];
    expect(expected).toContain(driver.document.state);
  });

  test.each(files)('machine %s, %s: the message that it waits for leads on', (version, name) => {
    const driver = read(version, name);
    const onward = ONWARD[name];
    if (onward === undefined) throw new Error(`nothing leads on from ${name}`);

    const step = sendAwaited(driver, onward.by);

    const { state, step: inner } = readState(driver.document);
    const entry = step.kind === 'next' ? step.entry : null;
    expect({ refusal: entry?.refusal, state, step: inner, effects: entry?.effects }).toEqual({
      refusal: null,
      state: onward.state,
      step: onward.step,
      effects: onward.effects,
    });
  });

  test.each(files)('machine %s, %s: an alert is heard, or refused with a reason', (version, name) => {
    const driver = read(version, name);
    const alert = incident({ startedAtMs: driver.nowMs });

    const step = send(driver, { kind: 'alert', messageId: 'golden/next', incident: alert });

    if (step.kind !== 'next') throw new Error(`an alert is ${step.kind}`);
    expect(step.entry.refusal === null).toBe(SPLIT.has(name));
    if (!SPLIT.has(name)) return;
    expect(driver.document.outbox.map(({ effect }) => effect.kind)).toContain('rollBack');
    expect(drive(driver, (at) => at.document.finishedAtMs !== null).document.state).toBe('rolledBack');
  });
});
