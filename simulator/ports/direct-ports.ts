import type { BusMessage, Ports } from '../../workflows/ports.ts';
import {
  type Applied,
  type Failure,
  type Handlers,
  handlerOf,
  OPERATIONS,
  type Operation,
  portsFrom,
  type WorldClock,
} from './handlers.ts';

export interface DirectPortsOptions {
  readonly world: WorldClock;
  readonly handlers: Handlers;
  /** The exception of a failure, thrown by the port. */
  readonly toError: (failure: Failure) => Error;
  /** Sequence of the newest journal entry of a rollout, 0 for none. */
  readonly journalSeqOf?: (rolloutId: string) => number;
  /** Answers take their time: the world moves on by it. Off by default: only waiting moves it. */
  readonly spendTime?: boolean;
  readonly log?: Ports['log'];
}

export interface DirectPorts {
  readonly ports: Ports;
  /** What was published, in order. */
  readonly published: readonly { readonly topic: 'wakes' | 'events'; readonly message: BusMessage }[];
}

type ChangesArgs = Parameters<Ports['time']['changes']>[0];
type PublishArgs = Parameters<Ports['bus']['publish']>[0];

/** The handlers as ports, with nobody in between: applied at once, answered at once. `wait` moves the world. */
export function createDirectPorts(options: DirectPortsOptions): DirectPorts {
  const { world, handlers } = options;
  const published: PublishArgs[] = [];
  const own: Readonly<Record<string, (args: unknown) => unknown>> = {
    'time.now': () => world.nowMs,
    'time.wait': (args) => {
      world.advanceTo(world.nowMs + Math.max(0, (args as { readonly ms: number }).ms));
      return world.nowMs;
    },
    'time.changes': (args) => ({ changed: changesOf(options, args as ChangesArgs) }),
    'bus.publish': (args) => {
      published.push(args as PublishArgs);
      return { kind: 'ok' };
    },
  };
  const bound = OPERATIONS.map((operation) => ({ ...operation, apply: bind(operation, handlers, own) }));
  // Async, so that what a handler throws is a rejection like any other.
  const issue = async (operation: (typeof bound)[number], args: unknown): Promise<unknown> => {
    const applied = operation.apply(args);
    if (options.spendTime === true) world.advanceTo(world.nowMs + applied.tookMs);
    if ('failure' in applied) throw options.toError(applied.failure);
    return applied.value;
  };
  return { ports: portsFrom(bound, issue, options.log ?? (() => {})), published };
}

function bind(
  operation: Operation,
  handlers: Handlers,
  own: Readonly<Record<string, (args: unknown) => unknown>>,
): (args: unknown) => Applied<unknown> {
  const answer = own[operation.name];
  if (answer !== undefined) return (args) => ({ value: answer(args), tookMs: 0 });
  const handler = handlerOf(handlers, operation);
  if (handler === undefined) throw new TypeError(`no handler for ${operation.name}`);
  return handler;
}

/** Nothing else runs meanwhile: either the entry is there, or only the deadline comes. */
function changesOf(options: DirectPortsOptions, args: ChangesArgs): boolean {
  const { world, journalSeqOf } = options;
  if ((journalSeqOf?.(args.rolloutId) ?? 0) > args.afterSeq) return true;
  if (args.deadlineMs > world.nowMs) world.advanceTo(args.deadlineMs);
  return false;
}
