import type { CloudEvent } from '../workflows/door-types.ts';
import { TerminalError } from '../workflows/errors.ts';
import { actionSchema } from './runtime/actions.ts';
import { decodeMessage } from './runtime/decode.ts';
import { messageDoor } from './runtime/entrypoint.ts';
import { operate } from './runtime/operate.ts';
import type { Shell } from './runtime/shell.ts';

/**
 * The API's actions as messages. A refusal is an answer: journalled where there is a rollout, else recorded, and
 * acknowledged. The publisher is the attribute `principal`, which only the topic's IAM policy vouches for.
 */
export const createOnRequest = (shell: Shell): ((event: CloudEvent) => Promise<void>) =>
  messageDoor(shell, 'on-request', async (event) => {
    const { json, attributes } = decodeMessage(event);
    const parsed = actionSchema.safeParse(json);
    if (!parsed.success) {
      const [issue] = parsed.error.issues;
      throw new TerminalError(
        'request-malformed',
        `${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not an action'}`,
      );
    }
    const principal = attributes['principal'] ?? 'unknown';
    const result = await operate(shell, parsed.data, { principal, via: 'message' });
    // What a rollout refuses is in its journal; what reached no rollout is kept here.
    if (result.status >= 400 && result.code !== 'refused')
      throw new TerminalError(result.code, result.detail);
  });
