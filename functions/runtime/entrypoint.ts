import type { CloudEvent } from '../../workflows/door-types.ts';
import { classified, TerminalError } from '../../workflows/errors.ts';
import { textOf } from './decode.ts';
import type { Shell } from './shell.ts';

/**
 * A door for messages: returning acknowledges, throwing makes the sender try again. What can never work is recorded and
 * acknowledged; everything else is thrown on.
 */
export const messageDoor =
  (shell: Shell, door: string, handle: (event: CloudEvent) => Promise<void>) =>
  async (event: CloudEvent): Promise<void> => {
    // An envelope may be as wrong as what is in it.
    const eventId = typeof (event.id as unknown) === 'string' ? event.id : 'unknown';
    try {
      await handle(event);
    } catch (error) {
      if (!(error instanceof TerminalError)) {
        const code = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected';
        shell.ports.log('ERROR', code, error instanceof Error ? error.message : String(error), {
          door,
          eventId,
        });
        throw classified(error);
      }
      await shell.ports.store.recordRejected({
        rejected: {
          id: `${door}/${eventId}`,
          atMs: await shell.ports.time.now({}),
          door,
          reason: `${error.code}: ${error.message}`,
          text: textOf(event),
        },
      });
      shell.ports.log('WARNING', error.code, error.message, { door, eventId });
    }
  };
