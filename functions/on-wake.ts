import * as z from 'zod';
import type { CloudEvent } from '../workflows/door-types.ts';
import { isMachineUnknown, isOurFault, TerminalError } from '../workflows/errors.ts';
import { rolloutIdSchema } from './runtime/actions.ts';
import { backOff } from './runtime/back-off.ts';
import { decodeJson } from './runtime/decode.ts';
import { messageDoor } from './runtime/entrypoint.ts';
import type { Shell } from './runtime/shell.ts';
import { wake } from './runtime/wake.ts';

const wakeMessage = z.object({ rolloutId: rolloutIdSchema });

/** One rollout is due: its timers, its outbox, a look, and more looks while traffic is split. */
export const createOnWake = (shell: Shell): ((event: CloudEvent) => Promise<void>) =>
  messageDoor(shell, 'on-wake', async (event) => {
    const message = wakeMessage.safeParse(decodeJson(event));
    if (!message.success) throw new TerminalError('message-malformed', 'a wake names a rolloutId');
    const { rolloutId } = message.data;
    try {
      await wake(shell, rolloutId);
    } catch (error) {
      // Code that knows the machine may be running beside this one: it must not be slowed down.
      if (isOurFault(error) && !isMachineUnknown(error)) await backOff(shell, rolloutId);
      throw error;
    }
  });
