import type { Watched } from './outside-awaits.ts';
import { SimulationError } from './simulation-error.ts';

export type InvocationEnd<R> =
  | { readonly kind: 'done'; readonly value: R }
  | { readonly kind: 'failed'; readonly error: unknown }
  /** Its process died: it will never end. */
  | { readonly kind: 'lost' };

/** One call of a door, from outside. */
export interface Invocation<R> {
  readonly label: string;
  /** null while it runs. */
  readonly end: InvocationEnd<R> | null;
  /** Called once, when it ends; at once when it has ended. */
  onEnd(listener: (end: InvocationEnd<R>) => void): void;
}

/** What the invocation reports to. */
export interface InvocationHost {
  readonly name: string;
  readonly alive: boolean;
  fail(failure: SimulationError): void;
}

/** The scheduler's side of an invocation: how many port calls it waits for, and what it did last. */
export class LiveInvocation<R = unknown> implements Invocation<R>, Watched {
  readonly label: string;
  readonly host: InvocationHost;
  end: InvocationEnd<R> | null = null;
  /** Port calls issued and not answered. */
  pending = 0;
  lastIssued = 'nothing';
  lastAnswered = 'nothing';
  readonly #listeners: ((end: InvocationEnd<R>) => void)[] = [];

  constructor(label: string, host: InvocationHost) {
    this.label = label;
    this.host = host;
  }

  onEnd(listener: (end: InvocationEnd<R>) => void): void {
    if (this.end === null) this.#listeners.push(listener);
    else listener(this.end);
  }

  finish(end: InvocationEnd<R>): void {
    if (this.end !== null) return;
    this.end = end;
    if (end.kind !== 'lost' && this.pending > 0) {
      const calls = this.pending === 1 ? 'a port call is' : `${this.pending} port calls are`;
      this.#broken(`ended while ${calls} in flight (the last one issued: ${this.lastIssued})`);
    }
    for (const listener of this.#listeners) listener(end);
  }

  /** After all microtasks ran: it has ended, or waits for a port. */
  check(): void {
    if (this.end !== null || this.pending > 0 || !this.host.alive) return;
    this.#broken('await outside a port: it has not ended and waits for no port call');
  }

  wentOutside(what: string, stack: string): void {
    if (this.host.alive) this.#broken(`await outside a port: it made a ${what}`, { cause: stack });
  }

  calledAfterEnd(operation: string): void {
    if (this.host.alive) this.#broken(`called ${operation} after its end: something was not awaited`);
  }

  rejectedUnheard(reason: unknown): void {
    if (this.host.alive) this.#broken('a promise was rejected and nobody listened', { cause: reason });
  }

  #broken(what: string, options?: ErrorOptions): void {
    const where = `${this.host.name}, ${this.label}`;
    this.host.fail(
      new SimulationError(`${where}: ${what}; last answered call: ${this.lastAnswered}`, options),
    );
  }
}
