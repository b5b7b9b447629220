/** Commands name what they are about; one that is past, or makes no sense now, is refused with a reason (protocol P7). */
import { type RolloutContext, rungPercent } from './context.ts';
import { ALERT_LOOKBACK_MS } from './guards.ts';
import type { Command, Origin } from './messages.ts';
import type { Incident, Verdict } from './stored.ts';

interface Now {
  readonly state: string;
  readonly step: string;
  readonly context: RolloutContext;
  /** The judges' answers if the rung were judged now. */
  readonly verdictsNow: () => readonly Verdict[];
}

type Check<N extends Command['name']> = (
  command: Extract<Command, { name: N }>,
  now: Now,
  origin: Origin,
) => string | null;

/** States that lead back, and are never delayed. */
export const GOING_BACK: ReadonlySet<string> = new Set(['rollingBack', 'failing']);

const pause: Check<'pause'> = (command, { state, context }) => {
  if (command.generation <= context.pauseGeneration)
    return `generation ${command.generation} is not newer than ${context.pauseGeneration}`;
  if (GOING_BACK.has(state)) return 'a way back is never paused';
  return null;
};

const resume: Check<'resume'> = (command, { context }) => {
  if (command.generation <= context.pauseGeneration)
    return `generation ${command.generation} is not newer than ${context.pauseGeneration}`;
  const { hold } = context;
  if (hold === null) return 'nothing is held';
  if (command.holdId !== null && command.holdId !== hold.id)
    return `hold ${command.holdId} is past; now it is ${hold.id}`;
  if (hold.reason !== 'drift')
    return command.drift === 'adopt' ? 'nothing was changed by others that could be adopted' : null;
  if (command.drift === null)
    return 'the route was changed by others: resume with adopt or reapply, or roll back';
  if (command.drift === 'adopt') {
    const foreign = hold.driftSharePercent;
    if (foreign === null) return 'the foreign weights are no single share: reapply, or roll back';
    const mostPercent = rungPercent(context);
    if (foreign > mostPercent)
      return `the foreign share ${foreign} is above the current rung's ${mostPercent}`;
  }
  return null;
};

const aboutThisStep = (entry: string, { context }: Now): string | null =>
  entry === context.stepEntry ? null : `${entry} is past; now it is ${context.stepEntry}`;

const approve: Check<'approve'> = (command, now, origin) => {
  if (now.step !== 'approving') return 'nothing waits for an approval';
  const past = aboutThisStep(command.stepEntry, now);
  if (past !== null) return past;
  if (now.context.course?.notByStarter === true && origin.principal === now.context.starter)
    return 'who started the rollout may not approve it';
  return null;
};

const skip: Check<'skip'> = (command, now) => {
  if (now.step !== 'baking' && now.state !== 'soaking') return 'no bake is running';
  const past = aboutThisStep(command.stepEntry, now);
  if (past !== null) return past;
  const failing = now.verdictsNow().find((verdict) => verdict.answer === 'fail');
  return failing === undefined ? null : `a gate fails: ${failing.sentence}`;
};

const finish: Check<'finish'> = (command, now) =>
  now.state === 'retaining'
    ? aboutThisStep(command.stepEntry, now)
    : 'only a rollout that retains its old side can be finished now';

const rollback: Check<'rollback'> = (command, { state, step }) => {
  if (state === 'retiring') return 'the old side is being retired; start a rollout the other way';
  if (GOING_BACK.has(state)) {
    const waits = step === 'kept' || step === 'stepping';
    return command.force && waits ? null : 'it is on its way back already';
  }
  return null;
};

const abandon: Check<'abandon'> = () => null;

const CHECKS: { readonly [N in Command['name']]: Check<N> } = {
  pause,
  resume,
  approve,
  skip,
  finish,
  rollback,
  abandon,
};

/** Why the command is refused; null when it is admitted. */
export const refuseCommand = (command: Command, now: Now, origin: Origin): string | null =>
  (CHECKS[command.name] as Check<Command['name']>)(command as never, now, origin);

/** Why the incident does not count (protocol P8); null when it rolls back. */
export const refuseAlert = (incident: Incident, state: string, context: RolloutContext): string | null => {
  // Without a plan yet nobody knows what is watched, only that no traffic was moved.
  if (context.course !== null && !context.course.policies.includes(incident.policy))
    return `policy ${incident.policy} is not watched`;
  if (GOING_BACK.has(state)) return 'it is on its way back already';
  if (context.trafficSinceMs === null)
    return 'no traffic was moved yet; growth asks for open incidents by itself';
  if (incident.startedAtMs < context.trafficSinceMs - ALERT_LOOKBACK_MS)
    return 'it started more than 60 s before our traffic';
  if (state === 'retiring') return 'the old side is being retired; there is no way back';
  return null;
};
