/** How long the machine waits. Named, never numbers: a misspelt or numeric delay is a fault that the lint test finds. */
import { windowState } from '../time.ts';
import type { RolloutContext } from './context.ts';

interface Args {
  readonly context: RolloutContext;
}

const MINUTE_MS = 60_000;

const until = (context: RolloutContext, atMs: number): number => Math.max(0, atMs - context.nowMs);

/** A stage may take so long, and never longer than the whole rollout may. */
const stage = (context: RolloutContext, ms: number): number =>
  Math.min(ms, context.deadlineMs === 0 ? ms : until(context, context.deadlineMs));

/** Pods of a big model may take an hour to load after their nodes are there. */
const START_UP_MS = 60 * MINUTE_MS;

export const delays = {
  queueDeadline: ({ context }: Args) => until(context, context.queueDeadlineMs),
  preflightDeadline: () => 15 * MINUTE_MS,
  deployDeadline: ({ context }: Args) => stage(context, 15 * MINUTE_MS),
  provisionDeadline: ({ context }: Args) =>
    stage(context, (context.course?.nodePool?.deadlineMs ?? 0) + START_UP_MS),
  verifyDeadline: ({ context }: Args) => stage(context, context.course?.verifyDeadlineMs ?? 30 * MINUTE_MS),
  /** From the start to 100 %. Who was there and is held, however late, gets as long again. */
  overallDeadline: ({ context }: Args) =>
    context.confirmedPercent >= 100
      ? context.deadlineMs - context.startedAtMs
      : until(context, context.deadlineMs),
  /** GKE's own conformance allows 600 s until a route is consistent. */
  confirmDeadline: () => 10 * MINUTE_MS,
  bake: ({ context }: Args) => Math.max(0, context.bake.remainingMs),
  recheck: () => 30_000,
  /** Nothing is in a hurry any more. */
  retireRecheck: () => 5 * MINUTE_MS,
  windowOpens: ({ context }: Args) => {
    const state = windowState(context.course?.windows ?? [], context.nowMs);
    return state.open ? 0 : state.opensAtMs === null ? 60 * MINUTE_MS : until(context, state.opensAtMs);
  },
  approvalDeadline: ({ context }: Args) => context.course?.onHoldForMs ?? 0,
  holdDeadline: ({ context }: Args) => until(context, context.hold?.deadlineMs ?? context.nowMs),
  /** The old backendRef goes only after its weight was 0 and confirmed for the drain time (I13). */
  retention: ({ context }: Args) =>
    context.finishAsked
      ? until(context, (context.clocks.programmedMs ?? context.nowMs) + (context.course?.drainMs ?? 0))
      : Math.max(context.course?.retentionMs ?? 0, context.course?.drainMs ?? 0),
  retireDeadline: () => 24 * 60 * MINUTE_MS,
  drain: ({ context }: Args) => context.course?.drainMs ?? 0,
  settle: ({ context }: Args) => context.course?.pacing.settleMs ?? MINUTE_MS,
  stepBack: () => 15_000,
  /** Between two answers to somebody who keeps undoing a rollback. */
  reassert: () => 5_000,
  keepPods: ({ context }: Args) => context.course?.afterNewPodsMs ?? 0,
  discardDeadline: () => 30 * MINUTE_MS,
} as const;
