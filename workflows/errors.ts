/**
 * The four classes of exception. The class says who acts next:
 *
 * | class | who acts | a door answers |
 * | --- | --- | --- |
 * | RetryableError | the sender, later | nack, 503 |
 * | TerminalError | a person | ack, recorded, 4xx |
 * | ConflictError | we, at once, a bounded number of times; then as retryable | nack, 409 |
 * | InvariantError | us: it is our bug | nack, paged, 500 |
 *
 * Expected outcomes are values of a union, never one of these.
 */
abstract class SluiceError extends Error {
  /** Stable code, documented for users. */
  readonly code: string;

  constructor(code: string, message: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.name = new.target.name;
  }
}

/** Nothing is wrong with the request: the same one may work later. */
export class RetryableError extends SluiceError {}

/** The same request can never work. */
export class TerminalError extends SluiceError {}

/** Somebody else wrote first: read again, decide again. */
export class ConflictError extends SluiceError {}

/** A promise of our own code is broken. */
export class InvariantError extends SluiceError {}

/** Is it a broken promise of our own code: one that was noticed, or one that nobody had thought of? */
export const isOurFault = (error: unknown): boolean =>
  error instanceof InvariantError || !(error instanceof SluiceError);

/** This code does not have the machine that the rollout names; a process of another deploy may. */
export const isMachineUnknown = (error: unknown): error is InvariantError =>
  error instanceof InvariantError && error.code === 'machine-unknown';

/** The error as one of the four classes: what is none of them is an invariant that nobody had thought of. */
export const classified = (error: unknown): Error =>
  error instanceof SluiceError
    ? error
    : new InvariantError('unexpected', error instanceof Error ? error.message : String(error), {
        cause: error,
      });
