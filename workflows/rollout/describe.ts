/** One sentence per journal entry, for people in an incident channel. */
import type { RolloutContext } from './context.ts';
import type { Command, Message, Outcome } from './messages.ts';
import type { Verdict } from './stored.ts';

interface About {
  readonly from: string;
  readonly words: { readonly state: string; readonly step: string };
  readonly context: RolloutContext;
  readonly refusal: string | null;
  readonly verdicts: readonly Verdict[];
}

/** What happened, and what it led to. */
export const describe = (message: Message, about: About): string => {
  if (about.refusal !== null) return `${what(message)}: refused, ${about.refusal}`;
  const moved = about.words.state === about.from ? '' : ` → ${about.words.state}`;
  const judged = about.verdicts.length === 0 ? '' : ` [${about.verdicts.map(verdictInWords).join('; ')}]`;
  const because =
    about.context.ending !== null &&
    (about.words.state === 'rollingBack' || about.words.state === 'failing') &&
    moved !== ''
      ? ` because ${about.context.ending.sentence}`
      : '';
  return `${what(message)}${judged}${moved}${because}`;
};

const verdictInWords = (verdict: Verdict): string => `${verdict.gate} ${verdict.answer}`;

const what = (message: Message): string => {
  switch (message.kind) {
    case 'started':
      return `started by ${message.origin.principal}`;
    case 'command':
      return `${commandInWords(message.command)} by ${message.origin.principal}`;
    case 'alert':
      return `incident ${message.incident.incidentId} ${message.incident.state}: ${message.incident.policyDisplayName}`;
    case 'outcome':
      return outcomeInWords(message.outcome);
    case 'timer':
      return `${timerInWords(message.timerId)} is over`;
    case 'recordExecuted':
      return `the stored originals are written back: ${message.why}`;
    case 'observed':
      return 'observed a minute';
    case 'noticed':
      return message.notice.kind === 'tripped' ? message.notice.sentence : message.notice.drift.sentence;
    default:
      return message satisfies never;
  }
};

const commandInWords = (command: Command): string => {
  if (command.name === 'resume' && command.drift !== null) return `resume --${command.drift}`;
  return 'reason' in command && command.reason !== ''
    ? `${command.name} ("${command.reason}")`
    : command.name;
};

/** The delay's name in a timer's id: `xstate.after.bake.rollout.progress…` → `bake`. */
export const timerInWords = (timerId: string): string => timerId.split('.')[2] ?? timerId;

const count = (number: number, noun: string): string => `${number} ${noun}${number === 1 ? '' : 's'}`;

const TEXTS: { readonly [K in Outcome['kind']]?: (outcome: Extract<Outcome, { kind: K }>) => string } = {
  planned: (outcome) => `planned ${outcome.hash.slice(0, 12)} (${count(outcome.findings.length, 'finding')})`,
  refused: (outcome) => `refused: ${outcome.reason}`,
  locksTaken: (outcome) => `${outcome.key} is held by ${outcome.holder}; back to the queue`,
  objectsCreated: ({ identities, stage, askedFor }) =>
    askedFor === undefined
      ? `created ${count(identities.length, 'object')} (${stage})`
      : `the syncer is asked for ${askedFor}`,
  nodePoolCreated: (outcome) => `node pool ${outcome.nodePool} is there`,
  nodePoolFailed: (outcome) => `node pool ${outcome.nodePool} failed: ${outcome.reason}`,
  newSideReady: (outcome) => `new side ready, ${count(outcome.pods, 'pod')}`,
  verified: ({ pods, checks, findings }) =>
    [
      `verified ${count(pods, 'pod')} by ${count(checks, 'check')}`,
      ...(findings ?? []).map(({ object, what }) => `warning: ${object}: ${what.replace(/\.$/, '')}`),
    ].join('; '),
  verifyFailed: (outcome) => `verifying failed: ${outcome.findings[0]?.what ?? ''}`,
  wayBackProved: () => 'way back proved',
  wayBackRefused: (outcome) => `not now: ${outcome.sentence}`,
  weightsWritten: ({ sharePercent, routes, targets }) =>
    targets === true
      ? `share ${sharePercent} % written for ${count(routes.length, 'pool')}`
      : `share ${sharePercent} % written on ${count(routes.length, 'route')}`,
  weightsConfirmed: (outcome) => `share ${outcome.sharePercent} % confirmed`,
  drifted: (outcome) => outcome.drift.sentence,
  fenced: () => 'routes fenced',
  adopted: (outcome) => `adopted the foreign share ${outcome.sharePercent} %`,
  adoptRefused: (outcome) => outcome.sentence,
  objectivesMoved: (outcome) => `objectives moved to the ${outcome.to} pool`,
  rollbackWritten: (outcome) =>
    outcome.complete ? 'all traffic written back' : `written back to a share of ${outcome.sharePercent} %`,
  rollbackKept: (outcome) => outcome.sentence,
  rollbackConfirmed: () => 'rollback confirmed',
  routeGone: (outcome) => `${outcome.route} is gone`,
  refsRemoved: ({ side, targets }) =>
    targets === true ? `targets of the ${side} version gone` : `backendRefs of the ${side} side removed`,
  refsRemovalConfirmed: () => 'removal confirmed',
  objectsDeleted: (outcome) =>
    outcome.notDone.length === 0 ? 'objects deleted' : `${count(outcome.notDone.length, 'object')} left`,
  nodePoolDeleted: () => 'node pool deleted',
  queueOpen: () => 'its turn',
};

const outcomeInWords = (outcome: Outcome): string => {
  const text = TEXTS[outcome.kind] as ((outcome: Outcome) => string) | undefined;
  return text === undefined ? outcome.kind : text(outcome);
};
