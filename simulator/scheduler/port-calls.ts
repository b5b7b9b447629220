import type { Ports } from '../../workflows/ports.ts';
import { type Applied, type Handlers, handlerOf, OPERATIONS, type Operation } from '../ports/handlers.ts';
import { givesUpAfterMs, lostAnswer } from '../ports/lost-answer.ts';
import { ChangesWatch } from './changes-watch.ts';
import type { Due } from './due-queue.ts';
import { drawFate, type Faults } from './faults.ts';
import { digest, type History } from './history.ts';
import type { LiveInvocation } from './invocation.ts';
import { context } from './outside-awaits.ts';
import type { AppliedCall, BoundOperation, Caller, CallFate, CallRecord, PortCall } from './port-call.ts';
import type { Random } from './random.ts';
import { SimulationError } from './simulation-error.ts';
import type { TimeLoop } from './time-loop.ts';

export interface PortCallOptions {
  readonly loop: TimeLoop;
  readonly random: Random;
  readonly handlers: Handlers;
  readonly toError: (failure: { readonly code: string; readonly message: string }) => Error;
  readonly journalSeqOf: (rolloutId: string) => number;
  readonly crashAt: { readonly call: number; readonly when: 'before' | 'after' } | null;
  /** null: not kept. */
  readonly history: History | null;
  readonly onPublish: (call: Parameters<Ports['bus']['publish']>[0], process: string) => void;
  readonly onApplied: ((call: AppliedCall) => void) | null;
  /** The invocation was touched: it is looked at after the microtasks. */
  readonly touched: (invocation: LiveInvocation) => void;
}

/** How long the bus takes to accept a message, ms. */
const PUBLISH_TOOK_MS = 20;

/** Ties of time are broken by a number up to this, when the seed chooses. */
const ORDERS = 0x3fffffff;

type ChangesArgs = Parameters<Ports['time']['changes']>[0];

/** Issues, applies and answers port calls; without faults a call is applied at once and answered in order. */
export class PortCalls {
  readonly operations: readonly BoundOperation[];
  readonly log: CallRecord[] = [];
  count = 0;
  faults: Faults | null = null;
  /** What the seed did to calls, counted. */
  readonly fates: Record<CallFate, number> = {
    delayedCall: 0,
    delayedAnswer: 0,
    lostCall: 0,
    lostAnswer: 0,
    lateCall: 0,
    crash: 0,
    freeze: 0,
  };
  /** The call that its server is at work on; null between calls. */
  applying: PortCall | null = null;
  readonly #options: PortCallOptions;
  readonly #changes: ChangesWatch;
  /** Issued, not yet applied; only with faults. */
  readonly #underway = new Set<PortCall>();

  constructor(options: PortCallOptions) {
    this.#options = options;
    this.#changes = new ChangesWatch(options.journalSeqOf);
    this.operations = OPERATIONS.map((operation) => ({ ...operation, apply: this.#bind(operation) }));
  }

  /** The promise of a port: settled by the scheduler, or never. */
  issue(
    caller: Caller,
    invocation: LiveInvocation | null,
    operation: BoundOperation,
    args: unknown,
  ): Promise<unknown> {
    return new Promise((resolve, reject) => {
      // A dead process's code may still run to its next await; the world no longer hears it.
      if (!caller.alive) return;
      const call: PortCall = {
        caller,
        invocation,
        operation,
        args,
        issuedAtMs: this.#options.loop.nowMs,
        resolve,
        reject,
        state: 'issued',
        n: 0,
        due: null,
      };
      if (invocation !== null) {
        invocation.pending++;
        invocation.lastIssued = operation.name;
      }
      if (this.faults === null) this.#applyAndAnswer(call, 0);
      else this.#send(call, this.faults);
    });
  }

  /** The process died: of its calls on the way the seed says which still arrive. */
  callerDied(caller: Caller): void {
    for (const call of this.#underway) {
      if (call.caller !== caller || call.due === null || this.#options.random.chance(0.5)) continue;
      call.due.cancelled = true;
      this.#underway.delete(call);
    }
  }

  #bind(operation: Operation): BoundOperation['apply'] {
    switch (operation.name) {
      case 'time.now':
        return () => ({ value: 0, tookMs: 0 });
      case 'time.wait':
        return (args) => ({ value: 0, tookMs: Math.max(0, (args as { readonly ms: number }).ms) });
      case 'time.changes':
        return (args, call) => this.#watch(args as ChangesArgs, call);
      case 'bus.publish':
        return (args, call) => {
          const publish = args as Parameters<Ports['bus']['publish']>[0];
          this.#options.onPublish(publish, call.caller.name);
          return { value: { kind: 'ok' }, tookMs: PUBLISH_TOOK_MS };
        };
      default: {
        const handler = handlerOf(this.#options.handlers, operation);
        if (handler === undefined) throw new SimulationError(`no handler for ${operation.name}`);
        return handler;
      }
    }
  }

  /** With faults: the seed chooses when the call is applied, in which order, and what is heard of it. */
  #send(call: PortCall, faults: Faults): void {
    const { loop, random } = this.#options;
    const { caller, operation, args } = call;
    if (random.chance(faults.freeze)) {
      this.fates.freeze++;
      caller.freezeUntil(loop.nowMs + random.magnitude(1_000, Math.max(1_000, faults.freezeMaxMs)));
    }
    const dies = random.chance(faults.crash) ? (random.chance(0.5) ? 'before' : 'after') : 'never';
    if (dies !== 'never') this.fates.crash++;
    if (operation.port === 'time') {
      this.#applyAndAnswer(call, 0);
      if (dies !== 'never') caller.crash();
      return;
    }
    const timeoutMs = givesUpAfterMs(operation, args, faults.timeoutMs);
    const fate = drawFate(faults, random, timeoutMs);
    if (fate.kind === 'normal') {
      if (fate.applyInMs > 0) this.fates.delayedCall++;
      if (fate.answerLateMs > 0) this.fates.delayedAnswer++;
      this.#applyIn(call, fate.applyInMs, () => {
        if (dies === 'before') return caller.crash();
        this.#applyAndAnswer(call, fate.answerLateMs);
        if (dies === 'after') caller.crash();
      });
      return;
    }
    this.fates[fate.kind]++;
    this.#record(call, fate.kind);
    if (fate.kind !== 'lostCall') {
      const inMs = fate.kind === 'lateCall' ? timeoutMs + fate.afterMs : 0;
      this.#applyIn(call, inMs, () => void this.#apply(call, false));
    }
    this.#answerIn(call, lostAnswer(operation, args, timeoutMs), timeoutMs);
    if (dies !== 'never') caller.crash();
  }

  /** On its way: in an order of the seed's among those that arrive at the same time. */
  #applyIn(call: PortCall, inMs: number, arrived: () => void): void {
    const { loop, random } = this.#options;
    this.#underway.add(call);
    call.due = loop.push(loop.nowMs + inMs, random.int(0, ORDERS), () => {
      call.due = null;
      this.#underway.delete(call);
      arrived();
    });
  }

  #applyAndAnswer(call: PortCall, lateMs: number): void {
    const applied = this.#apply(call);
    if (applied !== null) this.#answerIn(call, applied, applied.tookMs + lateMs);
  }

  /** null: nothing to answer (with), now or ever. */
  #apply(call: PortCall, heard = true): Applied<unknown> | null {
    const { crashAt, loop } = this.#options;
    const n = ++this.count;
    call.n = n;
    const crashHere = crashAt !== null && crashAt.call === n;
    if (crashHere && crashAt.when === 'before') {
      call.caller.crash();
      return null;
    }
    if (call.state === 'issued') call.state = 'applied';
    let applied: Applied<unknown> | null = null;
    this.applying = call;
    try {
      applied = call.operation.apply(call.args, call);
    } catch (thrown) {
      const { name } = call.operation;
      loop.fail(new SimulationError(`the handler of ${name} threw: ${String(thrown)}`, { cause: thrown }));
    }
    this.applying = null;
    this.#options.onApplied?.({
      process: call.caller.name,
      operation: call.operation,
      args: call.args,
      issuedAtMs: call.issuedAtMs,
      answer: applied,
      heard: heard && !crashHere && call.caller.alive,
    });
    this.#record(call, 'applied', call.args);
    if (call.operation.name === 'store.commit') this.#changes.committed();
    if (crashHere) call.caller.crash();
    return applied;
  }

  #answerIn(call: PortCall, answer: Applied<unknown>, inMs: number): Due {
    const { loop, random } = this.#options;
    const order = this.faults === null ? 0 : random.int(0, ORDERS);
    const fire = (): void => {
      if (!call.caller.alive || call.state === 'answered') return;
      if (call.caller.frozen) return call.caller.withhold(fire);
      this.#answer(call, answer);
    };
    return loop.push(loop.nowMs + inMs, order, fire);
  }

  #answer(call: PortCall, answer: Applied<unknown>): void {
    const { invocation, operation } = call;
    call.state = 'answered';
    if (invocation !== null) {
      invocation.pending--;
      invocation.lastAnswered = operation.name;
      this.#options.touched(invocation);
    }
    if ('failure' in answer) {
      this.#record(call, 'failed', answer.failure);
      this.#options.loop.takeRealTurn();
      const error = this.#options.toError(answer.failure);
      // In the caller's context: a rejection that nobody hears is the invocation's.
      return invocation === null ? call.reject(error) : context.run(invocation, call.reject, error);
    }
    const value = isClock(operation) ? this.#options.loop.nowMs + call.caller.skewMs : answer.value;
    this.#record(call, 'answered', value);
    call.resolve(value);
  }

  #watch(args: ChangesArgs, call: PortCall): Applied<unknown> | null {
    if (this.#changes.isPast(args)) return { value: { changed: true }, tookMs: 0 };
    const inMs = args.deadlineMs - call.caller.skewMs - this.#options.loop.nowMs;
    const deadline = this.#answerIn(call, { value: { changed: false }, tookMs: 0 }, Math.max(0, inMs));
    const changed = (): void => {
      deadline.cancelled = true;
      this.#answerIn(call, { value: { changed: true }, tookMs: 0 }, 0);
    };
    this.#changes.add({ args, changed });
    return null;
  }

  #record(call: PortCall, what: string, value?: unknown): void {
    const { history, loop } = this.#options;
    if (history === null) return;
    const { port, method, name } = call.operation;
    if (what === 'applied') this.log.push({ n: call.n, process: call.caller.name, port, method });
    const text = value === undefined ? '' : ` ${digest(value)}`;
    history.add(loop.nowMs, call.caller.name, `#${call.n} ${name} ${what}${text}`);
  }
}

/** Answered with the time of the answer, not of the call. */
function isClock(operation: Operation): boolean {
  return operation.port === 'time' && operation.method !== 'changes';
}
