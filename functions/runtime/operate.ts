/** Carries an action into its rollout and runs what it decided. */

import { isOurFault } from '../../workflows/errors.ts';
import type { Command } from '../../workflows/rollout/messages.ts';
import type { JournalEntry } from '../../workflows/rollout/stored.ts';
import type { Action, ActionResult } from './actions.ts';
import { advance } from './advance.ts';
import { findEntry } from './find-entry.ts';
import { executeRollbackRecord } from './rollback-record.ts';
import type { Shell } from './shell.ts';
import { startRollout } from './start-rollout.ts';
import { settle } from './wake.ts';

export interface Asker {
  readonly principal: string;
  /** `api`, `message`. */
  readonly via: string;
}

/** Does one action. @throws what the store throws. */
export const operate = async (shell: Shell, action: Action, asker: Asker): Promise<ActionResult> => {
  switch (action.action) {
    case 'start': {
      const { document, ...started } = await startRollout(shell, action, asker.principal, asker.via);
      if (document !== undefined) await settle(shell, document);
      return started;
    }
    case 'freeze': {
      const sinceMs = await shell.ports.time.now({});
      const freeze = { reason: action.reason, by: asker.principal, sinceMs, untilMs: action.untilMs };
      await shell.ports.store.setFreeze({ freeze });
      return {
        status: 200,
        code: 'frozen',
        detail: 'no share grows anywhere; rollbacks work',
        rolloutId: null,
      };
    }
    case 'unfreeze':
      await shell.ports.store.setFreeze({ freeze: null });
      return { status: 200, code: 'unfrozen', detail: 'shares may grow again', rolloutId: null };
    default:
      return command(shell, action, asker);
  }
};

type CommandAction = Exclude<Action, { action: 'start' | 'freeze' | 'unfreeze' }>;

const command = async (shell: Shell, action: CommandAction, asker: Asker): Promise<ActionResult> => {
  const { rolloutId } = action;
  const messageId = `request/${action.requestId}`;
  try {
    const known = await answeredBefore(shell, rolloutId, messageId);
    if (known !== null) return known;
    const advanced = await advance(shell, rolloutId, () => ({
      kind: 'command',
      messageId,
      origin: { principal: asker.principal, via: asker.via },
      command: commandOf(action),
    }));
    if (advanced.kind === 'missing')
      return {
        status: 404,
        code: 'rollout-missing',
        detail: `there is no rollout ${rolloutId}`,
        rolloutId: null,
      };
    const { document } = advanced;
    if (advanced.kind !== 'finished') await settle(shell, document);
    // A request that comes again is answered as it was the first time, whatever has happened since.
    const entry = advanced.kind === 'applied' ? advanced.entry : await findEntry(shell, document, messageId);
    if (entry === null)
      return {
        status: 409,
        code: 'finished',
        detail: `${rolloutId} has ended: ${document.state}`,
        rolloutId,
      };
    return answerOf(entry);
  } catch (error) {
    if (!isOurFault(error) || action.action !== 'rollback') throw error;
    const order = { why: action.reason, onlyOnceWritten: false };
    if (!(await executeRollbackRecord(shell, rolloutId, order))) throw error;
    // A message comes again: to code that knows the machine, and finds the traffic back.
    if (asker.via === 'message') throw error;
    return {
      status: 202,
      code: 'rolled-back-by-record',
      detail: 'the machine is broken: the stored originals were written back',
      rolloutId,
    };
  }
};

const answerOf = ({ rolloutId, refusal, sentence }: JournalEntry): ActionResult =>
  refusal === null
    ? { status: 200, code: 'applied', detail: sentence, rolloutId }
    : { status: 409, code: 'refused', detail: refusal, rolloutId };

/** A request that came before, maybe long before, is not judged anew; what it decided is run all the same (P3). */
const answeredBefore = async (
  shell: Shell,
  rolloutId: string,
  messageId: string,
): Promise<ActionResult | null> => {
  const { document } = await shell.ports.store.load({ rolloutId });
  if (document === null) return null;
  const entry = await findEntry(shell, document, messageId);
  if (entry === null) return null;
  if (document.finishedAtMs === null) await settle(shell, document);
  return answerOf(entry);
};

const commandOf = (action: CommandAction): Command => {
  switch (action.action) {
    case 'pause':
      return { name: 'pause', generation: action.generation, reason: action.reason };
    case 'resume':
      return { name: 'resume', generation: action.generation, holdId: action.holdId, drift: action.drift };
    case 'approve':
      return { name: 'approve', stepEntry: action.stepEntry };
    case 'skip':
      return { name: 'skip', stepEntry: action.stepEntry, reason: action.reason };
    case 'finish':
      return { name: 'finish', stepEntry: action.stepEntry };
    case 'rollback':
      return { name: 'rollback', reason: action.reason, force: action.force };
    case 'abandon':
      return { name: 'abandon', reason: action.reason };
    default:
      return action satisfies never;
  }
};
