/** Why a rollout does not end in promoted: a short reason for scripts, a sentence for people, what caused it. */
import type { Finding } from '../plans/plan.ts';
import type { Ending, RolloutContext } from './context.ts';
import type { RollbackCause } from './effects.ts';
import type { RolloutEvent } from './events.ts';
import type { Update } from './updates.ts';

type Reason = Omit<Ending, 'outcome'>;
type MakeReason = (context: RolloutContext, event: RolloutEvent) => Reason;

const ENDINGS = {
  queueTimeout: () => ending('queueTimeout', 'the pool was not free within 24h', 'deadline'),
  deadline: (_context: RolloutContext, event: RolloutEvent) =>
    ending('deadline', `the time allowed for ${stageOf(event)} ran out`, 'deadline'),
  approval: () => ending('approvalTimeout', 'nobody approved the next share in time', 'hold'),
  holdExpired: (_context: RolloutContext, event: RolloutEvent) =>
    ending('holdTimeout', `held for too long: ${event.type === 'holdExpired' ? event.sentence : ''}`, 'hold'),
  judge: (context: RolloutContext) => {
    const failed = context.verdicts.find((verdict) => verdict.answer === 'fail');
    return {
      ...ending(`judge:${failed?.gate ?? 'unknown'}`, failed?.sentence ?? 'a gate failed', 'judge'),
      sickness: failed?.gate.startsWith('ttft') === true ? 'latency' : 'errors',
    };
  },
  planChanged: (_context: RolloutContext, event: RolloutEvent) =>
    ending(
      'planChanged',
      `the cluster now gives plan ${event.type === 'planned' ? event.outcome.hash.slice(0, 12) : ''}, not the one that was shown`,
      'verify',
    ),
  abandoned: (_context: RolloutContext, event: RolloutEvent) =>
    ending('abandoned', event.type === 'command.abandon' ? event.command.reason : 'abandoned', 'operator'),
  oldSideLost: () =>
    ending('oldSideLost', 'the old side did not come back; shares and both sides are as they were', 'hold'),
} as const satisfies Record<string, (context: RolloutContext, event: RolloutEvent) => Reason>;

/** Timers are named after the state that they bound: `xstate.after.provisionDeadline.rollout.….provisioning`. */
const stageOf = ({ type }: RolloutEvent): string =>
  type.includes('.overallDeadline.') ? 'the whole rollout' : (type.split('.').at(-1) ?? 'this stage');

type EndingName = keyof typeof ENDINGS;

const ending = (reason: string, sentence: string, cause: RollbackCause): Reason => ({
  reason,
  sentence,
  cause,
  sickness: 'errors',
});

/** Endings whose reason stands in the event. */
const endingOfEvent = (event: RolloutEvent): Reason => {
  switch (event.type) {
    case 'alerted':
      return ending(
        'alert',
        `alert "${event.incident.policyDisplayName}" (incident ${event.incident.incidentId})`,
        'alert',
      );
    case 'tripped':
      return trippedEnding(event.notice.gate, event.notice.sentence);
    case 'drifted':
      return ending('routeGone', event.drift.sentence, 'verify');
    case 'observed':
      return trippedEnding(event.tripped?.gate ?? 'unknown', event.tripped?.sentence ?? '');
    case 'command.rollback':
      return ending(
        'operator',
        event.command.reason === '' ? 'rolled back by an operator' : event.command.reason,
        'operator',
      );
    case 'refused':
      return ending(event.outcome.reason, event.outcome.findings[0]?.what ?? event.outcome.reason, 'verify');
    case 'verifyFailed':
      return ending('verify', inWords(event.outcome.findings[0]) ?? 'a new pod is wrong', 'verify');
    case 'nodePoolFailed':
      return ending('nodePool', event.outcome.reason, 'verify');
    case 'routeGone':
      return ending('routeGone', `${event.outcome.route} is gone`, 'verify');
    default:
      return ending('unknown', event.type, 'operator');
  }
};

const trippedEnding = (gate: string, sentence: string): Reason => ({
  ...ending(`tripwire:${gate}`, sentence, 'tripwire'),
  sickness: gate === 'queue' ? 'latency' : 'errors',
});

/** Before traffic moved a rollout fails, after that it is rolled back. The first reason stays. */
export const setEnding =
  (name: EndingName | null): Update =>
  (context, event) => {
    if (context.ending !== null) return {};
    const made: MakeReason | undefined = name === null ? undefined : ENDINGS[name];
    const what = made === undefined ? endingOfEvent(event) : made(context, event);
    return { ending: { outcome: context.trafficSinceMs === null ? 'failed' : 'rolledBack', ...what } };
  };

/** These end as failed even though traffic had moved: nothing could be, or was to be, rolled back. */
export const overrideEnding =
  (name: EndingName | null): Update =>
  (context, event) => {
    const made: MakeReason | undefined = name === null ? undefined : ENDINGS[name];
    return {
      ending: { outcome: 'failed', ...(made === undefined ? endingOfEvent(event) : made(context, event)) },
    };
  };

/** With the object that it is about: one pod of many. */
const inWords = (found: Finding | undefined): string | null =>
  found === undefined ? null : `${found.object}: ${found.what}`;
