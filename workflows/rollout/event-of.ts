/** From a message to the event that the machine takes: evidence is absorbed and tripwires are asked on the way. */
import { absorb } from '../steps/evidence.ts';
import { minuteTripwires } from '../steps/gates/tripwires.ts';
import type { RolloutContext } from './context.ts';
import type { RolloutEvent } from './events.ts';
import type { Message } from './messages.ts';
import type { Verdict } from './stored.ts';

export interface EventOf {
  readonly event: RolloutEvent;
  /** Verdicts that belong in the journal though no judge spoke: a tripwire's. */
  readonly verdicts: readonly Verdict[] | null;
}

type Words = { readonly state: string; readonly step: string };

/** The event of an admitted message. `started` has none: it makes the initial state. */
export const eventOf = (
  message: Exclude<Message, { kind: 'started' | 'recordExecuted' }>,
  context: RolloutContext,
  words: Words,
): EventOf => {
  switch (message.kind) {
    case 'command':
      return plain({
        type: `command.${message.command.name}`,
        command: message.command,
        principal: message.origin.principal,
      } as RolloutEvent);
    case 'alert':
      return plain({ type: 'alerted', incident: message.incident });
    case 'outcome':
      return plain(
        message.outcome.kind === 'drifted'
          ? { type: 'drifted', drift: message.outcome.drift }
          : ({ type: message.outcome.kind, outcome: message.outcome } as RolloutEvent),
      );
    case 'timer':
      // The id of an `after` timer is the type of its event; nobody outside can send one.
      return plain({ type: message.timerId } as unknown as RolloutEvent);
    case 'noticed':
      return message.notice.kind === 'tripped'
        ? {
            event: { type: 'tripped', notice: message.notice },
            verdicts: [verdictOf(message.notice, context)],
          }
        : plain({ type: 'drifted', drift: message.notice.drift });
    case 'observed':
      return observed(message, context, words);
    default:
      return message satisfies never;
  }
};

const plain = (event: RolloutEvent): EventOf => ({ event, verdicts: null });

/** Evidence counts while the rung's share is confirmed and nobody holds; tripwires always speak. */
const observed = (
  message: Extract<Message, { kind: 'observed' }>,
  context: RolloutContext,
  words: Words,
): EventOf => {
  const { course } = context;
  if (course === null) return plain({ type: 'observed', evidence: context.evidence, tripped: null });
  const evidence = absorb(context.evidence, message.look, {
    warmUpUntilMs:
      context.clocks.programmedMs === null ? null : context.clocks.programmedMs + course.pacing.warmUpMs,
    counting: context.hold === null && (words.step === 'baking' || words.state === 'soaking'),
    ttftEdgeSeconds: course.gates.ttft?.edgeSeconds ?? null,
  });
  const tripped = minuteTripwires({
    gates: course.gates,
    evidence,
    sharePercent: context.writtenPercent,
    confirmedAtMs: context.clocks.programmedMs,
    replicas: course.replicas,
    pools: { old: course.oldPool, new: course.newPool },
  });
  return {
    event: { type: 'observed', evidence, tripped },
    verdicts: tripped === null ? null : [verdictOf(tripped, context)],
  };
};

const verdictOf = (
  tripped: Extract<Extract<Message, { kind: 'noticed' }>['notice'], { kind: 'tripped' }>,
  context: RolloutContext,
): Verdict => ({
  gate: tripped.gate,
  answer: 'fail',
  windowMs: [context.clocks.programmedMs ?? context.nowMs, context.nowMs],
  samples: tripped.samples,
  newValue: tripped.newValue,
  oldValue: tripped.oldValue,
  limit: tripped.limit,
  sentence: tripped.sentence,
});
