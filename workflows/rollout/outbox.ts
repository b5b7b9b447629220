/**
 * From the actions that a transition returns to timers and outbox: the only place that knows XState's action objects
 * (5.33.3: delayed raises carry `id`, `delay`, `event`; cancels `sendId`; an internal raise comes back although it was
 * already processed; one batch can hold a raise and then a cancel of the same id, so they are folded in order).
 */
import { InvariantError } from '../errors.ts';
import type { Effect } from './effects.ts';
import type { OutboxItem, Timer } from './stored.ts';

export interface Work {
  readonly timers: readonly Timer[];
  readonly outbox: readonly OutboxItem[];
}

interface Action {
  readonly type: string;
  readonly params: unknown;
}

interface Fold {
  readonly rolloutId: string;
  readonly revision: number;
  readonly nowMs: number;
  readonly fence: number;
}

/** Survive the step that made them: pages must be read, objectives follow in their own time. */
const OUTLIVES_ITS_STEP = new Set(['page', 'moveObjectives']);

/**
 * @throws InvariantError for an action that the machine may not use (invoke, send, log …) and for a delay that is no
 * number: both are faults of the machine that its lint test should have found.
 */
export const foldActions = (work: Work, actions: readonly Action[], fold: Fold): Work => {
  const timers = new Map(work.timers.map((timer) => [timer.id, timer]));
  let outbox = work.outbox;
  actions.forEach((action, index) => {
    const token = `${fold.rolloutId}/${fold.revision}/${index}`;
    switch (action.type) {
      case 'xstate.raise':
        setTimer(timers, action.params as RaiseParams, token, fold.nowMs);
        break;
      case 'xstate.cancel':
        timers.delete((action.params as { sendId: string }).sendId);
        break;
      case 'clearWork':
        outbox = outbox.filter((item) => OUTLIVES_ITS_STEP.has(item.effect.kind));
        break;
      case 'effect': {
        const effect = action.params as Effect | null;
        if (effect !== null) outbox = [...replaced(outbox, effect), itemOf(effect, token, fold)];
        break;
      }
      default:
        throw new InvariantError('machine-action', `the machine returned an unknown action: ${action.type}`);
    }
  });
  return { timers: [...timers.values()], outbox };
};

interface RaiseParams {
  readonly id?: string;
  readonly delay?: number;
  readonly event: { readonly type: string };
}

const setTimer = (timers: Map<string, Timer>, params: RaiseParams, token: string, nowMs: number): void => {
  // Without a delay it was processed within the transition.
  if (params.delay === undefined && params.id === undefined) return;
  if (params.id === undefined || !Number.isFinite(params.delay))
    throw new InvariantError('machine-delay', `timer ${params.event.type} has no id or no finite delay`);
  timers.set(params.id, { id: params.id, token, dueAtMs: nowMs + (params.delay ?? 0) });
};

const itemOf = (effect: Effect, id: string, fold: Fold): OutboxItem => ({
  id,
  effect,
  fence: fold.fence,
  notBeforeMs: fold.nowMs,
});

/** A later decision about objectives voids the one before it, and so does the way back (P3). */
const replaced = (outbox: readonly OutboxItem[], effect: Effect): readonly OutboxItem[] =>
  effect.kind === 'moveObjectives' || effect.kind === 'rollBack'
    ? outbox.filter(
        ({ effect: one }) =>
          one.kind !== 'moveObjectives' || (effect.kind === 'rollBack' && one['to'] === 'old'),
      )
    : outbox;

/** Timers that are due, deadlines before bakes at the same instant (protocol P9). */
export const dueTimers = (timers: readonly Timer[], nowMs: number): readonly Timer[] =>
  timers
    .filter((timer) => timer.dueAtMs <= nowMs)
    .toSorted((a, b) => a.dueAtMs - b.dueAtMs || rank(a) - rank(b) || (a.id < b.id ? -1 : 1));

const rank = (timer: Timer): number => (timer.id.includes('Deadline') ? 0 : 1);
