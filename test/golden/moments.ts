/** Moments in the life of a rollout whose documents are kept for each released machine. */
import { readState } from '../../workflows/rollout/read-state.ts';
import { aPlan } from '../helpers/a-plan.ts';
import { aDriver, command, drive, type Driver, healthy, send, stateIs } from '../helpers/driver.ts';

const confirmed =
  (percent: number) =>
  (driver: Driver): boolean =>
    readState(driver.document).context.confirmedPercent === percent && stateIs('baking')(driver);

const at = (...words: readonly string[]): Driver => drive(aDriver(), stateIs(...words));

const back = (word: string): Driver => {
  const driver = drive(aDriver(), confirmed(25));
  command(driver, { name: 'rollback', reason: 'golden', force: false });
  return drive(driver, stateIs(word));
};

export const MOMENTS: Readonly<Record<string, () => Driver>> = {
  queued: () => aDriver(),
  'provisioning-waiting': () => drive(aDriver(), stateIs('waiting')),
  verifying: () => at('verifying'),
  'baking-5': () => drive(aDriver(), confirmed(5)),
  'baking-25': () => drive(aDriver(), confirmed(25)),
  paused: () => {
    const driver = drive(aDriver(), confirmed(5));
    command(driver, { name: 'pause', generation: 1, reason: 'golden' });
    return driver;
  },
  drifted: () => {
    const driver = drive(aDriver(), confirmed(25));
    const { stepEntry } = readState(driver.document).context;
    const drift = { route: 'serving/r', by: 'kubectl-edit', what: 'weights', sharePercent: 10, sentence: 'changed' } as const;
    send(driver, { kind: 'noticed', messageId: 'golden', stepEntry, notice: { kind: 'drifted', drift } });
    return driver;
  },
  approving: () => {
    const ladder = aPlan().ladder.map((rung) => ({ ...rung, approval: rung.sharePercent === 25 }));
    return drive(aDriver(aPlan({ ladder })), stateIs('approving'));
  },
  blocked: () =>
    drive(aDriver(), stateIs('blocked'), {
      answer: (effect, driver) =>
        effect.kind === 'proveWayBack' && effect.sharePercent === 25
          ? { kind: 'wayBackRefused', reason: 'freeze', sentence: 'frozen' }
          : healthy(effect, driver),
    }),
  soaking: () => at('soaking'),
  retaining: () => at('retaining'),
  'retiring-draining': () => drive(at('retiring'), stateIs('draining')),
  'rolling-back-settling': () => back('settling'),
  'rolling-back-draining': () => back('draining'),
  failing: () =>
    drive(aDriver(), stateIs('failing'), {
      answer: (effect, driver) =>
        effect.kind === 'verifyPods'
          ? { kind: 'verifyFailed', findings: [] }
          : effect.kind === 'deleteObjects'
            ? null
            : healthy(effect, driver),
    }),
};
