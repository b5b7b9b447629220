import type { CloudEvent } from '../../workflows/door-types.ts';
import { doorEventOf } from './door-event.ts';
import type { Traced } from './trace.ts';

/**
 * functions-framework writes the stack of whatever is thrown to standard error. The door has logged it in full already:
 * one structured line is left that says what follows from it.
 */
const refusalOf = (name: string, error: unknown): Error => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unexpected';
  const refusal = new Error(code);
  refusal.stack = JSON.stringify({
    severity: 'INFO',
    message: `${name}: not acknowledged (${code}), the message comes again`,
    code: 'not-acknowledged',
  });
  return refusal;
};

/**
 * A door as a CloudEvent function. Exactly one declared parameter: with two functions-framework waits for a callback.
 * @throws Error what the door throws; the framework then answers 500, and the message comes again. Otherwise 204.
 */
export const createEventHandler =
  (name: string, door: (event: CloudEvent) => Promise<void>, traced: Traced) =>
  async (event: unknown): Promise<void> => {
    const traceparent =
      typeof event === 'object' && event !== null && 'traceparent' in event ? event.traceparent : undefined;
    try {
      await traced(traceparent, () => door(doorEventOf(event)));
    } catch (error) {
      throw refusalOf(name, error);
    }
  };
