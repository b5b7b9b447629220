import type { Applied, Operation } from '../ports/handlers.ts';
import type { Due } from './due-queue.ts';
import type { LiveInvocation } from './invocation.ts';

/** A process, as the calls see it. */
export interface Caller {
  readonly name: string;
  readonly alive: boolean;
  readonly frozen: boolean;
  readonly skewMs: number;
  crash(): void;
  freezeUntil(ms: number): void;
  /** Keeps what is due until the process thaws. */
  withhold(fire: () => void): void;
}

/** issued → applied → answered; what became of a call that was lost on the way stays where it was. */
export interface PortCall {
  readonly caller: Caller;
  readonly invocation: LiveInvocation | null;
  readonly operation: BoundOperation;
  readonly args: unknown;
  readonly issuedAtMs: number;
  readonly resolve: (value: unknown) => void;
  readonly reject: (error: Error) => void;
  state: 'issued' | 'applied' | 'answered';
  /** Its number among the applied calls of the run, from 1; 0 before. */
  n: number;
  /** Its application, while that is on the way. */
  due: Due | null;
}

export interface BoundOperation extends Operation {
  /** Applies the call; null: it is answered by something that happens later. */
  readonly apply: (args: unknown, call: PortCall) => Applied<unknown> | null;
}

/** A call that reached its server, as an onlooker sees it. */
export interface AppliedCall {
  readonly process: string;
  readonly operation: Operation;
  readonly args: unknown;
  readonly issuedAtMs: number;
  /** null: answered later, by something that happens then, or its handler threw. */
  readonly answer: Applied<unknown> | null;
  /** Whether the caller will hear the answer, as far as it is known now. */
  readonly heard: boolean;
}

export type CallFate =
  | 'delayedCall'
  | 'delayedAnswer'
  | 'lostCall'
  | 'lostAnswer'
  | 'lateCall'
  | 'crash'
  | 'freeze';

export interface CallRecord {
  readonly n: number;
  readonly process: string;
  readonly port: string;
  readonly method: string;
}
