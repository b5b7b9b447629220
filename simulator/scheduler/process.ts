import type { Ports } from '../../workflows/ports.ts';
import { portsFrom } from '../ports/handlers.ts';
import { type Invocation, type InvocationHost, LiveInvocation } from './invocation.ts';
import { context } from './outside-awaits.ts';
import type { Caller } from './port-call.ts';
import type { PortCalls } from './port-calls.ts';
import type { SimulationError } from './simulation-error.ts';
import type { TimeLoop } from './time-loop.ts';

/** A simulated process: what `boot` made of a fresh set of ports. */
export interface SimProcess<T> {
  readonly name: string;
  /** What `boot` returned. */
  readonly shell: T;
  readonly alive: boolean;
  readonly frozen: boolean;
  /** Starts at the next choice; of a dead process it is lost, of a frozen one it starts when that thaws. */
  invoke<R>(label: string, work: () => Promise<R>): Invocation<R>;
  /** Its pending calls never settle, later ones neither; what was on the way may arrive or not. */
  crash(): void;
  /** Answers are withheld until then, ms since 1970; the world goes on. */
  freezeUntil(ms: number): void;
  thaw(): void;
  /** Sets its clock, ms ahead of the world's: a jump, forwards or backwards, seen by the next that look at it. */
  setSkew(ms: number): void;
  /** Called once, when it dies; at once when it is dead. */
  onCrash(listener: () => void): void;
}

export interface ProcessOptions {
  readonly name: string;
  /** How far its clock is ahead of the world's, ms; negative: behind. */
  readonly skewMs: number;
  readonly loop: TimeLoop;
  readonly calls: PortCalls;
  readonly log: Ports['log'];
  readonly touched: (invocation: LiveInvocation) => void;
  readonly record: (process: string, what: string) => void;
}

export class LiveProcess implements Caller, InvocationHost {
  readonly name: string;
  skewMs: number;
  readonly ports: Ports;
  alive = true;
  readonly #options: ProcessOptions;
  readonly #invocations = new Set<LiveInvocation>();
  readonly #listeners: (() => void)[] = [];
  #frozenUntilMs = -Infinity;
  #withheld: (() => void)[] = [];

  constructor(options: ProcessOptions) {
    this.#options = options;
    this.name = options.name;
    this.skewMs = options.skewMs;
    const { calls } = options;
    const issue: Parameters<typeof portsFrom<(typeof calls.operations)[number]>>[1] = (operation, args) =>
      calls.issue(this, this.#current(operation.name), operation, args);
    this.ports = portsFrom(calls.operations, issue, (...line) => {
      if (this.alive) options.log(...line);
    });
  }

  get frozen(): boolean {
    return this.#frozenUntilMs > this.#options.loop.nowMs;
  }

  fail(failure: SimulationError): void {
    this.#options.loop.fail(failure);
  }

  invoke<R>(label: string, work: () => Promise<R>): Invocation<R> {
    const invocation = new LiveInvocation<R>(label, this);
    if (!this.alive) {
      invocation.finish({ kind: 'lost' });
      return invocation;
    }
    const { loop } = this.#options;
    this.#invocations.add(invocation as LiveInvocation);
    const start = (): void => {
      if (!this.alive) return;
      if (this.frozen) return this.withhold(start);
      this.#start(invocation, work);
    };
    loop.push(loop.nowMs, 0, start);
    return invocation;
  }

  crash(): void {
    if (!this.alive) return;
    this.alive = false;
    this.#options.record(this.name, 'crashed');
    this.#options.calls.callerDied(this);
    this.#withheld = [];
    const lost = [...this.#invocations];
    this.#invocations.clear();
    for (const invocation of lost) invocation.finish({ kind: 'lost' });
    for (const listener of this.#listeners) listener();
  }

  onCrash(listener: () => void): void {
    if (this.alive) this.#listeners.push(listener);
    else listener();
  }

  freezeUntil(ms: number): void {
    if (!this.alive || ms <= this.#frozenUntilMs) return;
    this.#frozenUntilMs = ms;
    this.#options.record(this.name, `frozen until ${ms}`);
    this.#options.loop.push(ms, 0, () => this.#release());
  }

  thaw(): void {
    this.#frozenUntilMs = -Infinity;
    this.#release();
  }

  setSkew(ms: number): void {
    if (!this.alive || ms === this.skewMs) return;
    this.skewMs = ms;
    this.#options.record(this.name, `clock ${ms} ms ahead`);
  }

  withhold(fire: () => void): void {
    this.#withheld.push(fire);
  }

  #release(): void {
    if (this.frozen || this.#withheld.length === 0) return;
    const { loop } = this.#options;
    const released = this.#withheld;
    this.#withheld = [];
    for (const fire of released) loop.push(loop.nowMs, 0, fire);
  }

  #start<R>(invocation: LiveInvocation<R>, work: () => Promise<R>): void {
    this.#options.record(this.name, `${invocation.label} started`);
    this.#options.touched(invocation as LiveInvocation);
    const end = (how: Parameters<typeof invocation.finish>[0]): void => {
      if (invocation.end !== null) return;
      this.#invocations.delete(invocation as LiveInvocation);
      this.#options.record(this.name, `${invocation.label} ${how.kind}`);
      invocation.finish(how);
    };
    let result: Promise<R>;
    try {
      result = context.run(invocation, work);
    } catch (error) {
      return end({ kind: 'failed', error });
    }
    // Both ways are heard: nobody else needs to listen to an invocation.
    result.then(
      (value) => end({ kind: 'done', value }),
      (error: unknown) => end({ kind: 'failed', error }),
    );
  }

  /** Whose call this is; null: outside of all invocations, e.g. while booting. */
  #current(operation: string): LiveInvocation | null {
    const current = context.getStore();
    if (!(current instanceof LiveInvocation) || current.host !== this) return null;
    if (current.end !== null) current.calledAfterEnd(operation);
    return current;
  }
}
