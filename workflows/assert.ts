import { InvariantError } from './errors.ts';

/**
 * Stops at a broken promise of our own code. Never for input from outside.
 * @throws InvariantError when `condition` is false.
 */
export function assert(condition: boolean, what: string): asserts condition {
  if (!condition) throw new InvariantError('assertion', what);
}

/** The value, which must be there. @throws InvariantError when it is null or undefined. */
export function must<T>(value: T | null | undefined, what: string): T {
  if (value === null || value === undefined) throw new InvariantError('assertion', `missing: ${what}`);
  return value;
}

/** Ends an exhaustive `switch`. @throws InvariantError always. */
export function assertNever(value: never, what: string): never {
  throw new InvariantError('assertion', `unexpected ${what}: ${JSON.stringify(value)}`);
}
