/** I8, of requests: each one is applied once or refused with a reason, and its sender hears nothing else. */
import type { Seen, SeenAnswer, SeenEntry, SeenRejected, SeenSent, Violation } from '../seen.ts';
import { lifeOf, livesOf } from './lives.ts';
import { timelineOf } from './timeline.ts';

/** A request that was sent so late may still be on its way when the trial ends. */
const LATE_MS = 30 * 60_000;

/** These leave no trace in any journal. */
const TRACELESS: ReadonlySet<string> = new Set(['freeze', 'unfreeze', 'alert']);

/** The rollout had come to its end meanwhile: what a repeated request hears. */
const FINISHED = 'finished';

/** Another rollout held the pool when a start was delivered. */
const LOCKED = 'pool-locked';

/** The traffic went back without the machine: journalled as `recordExecuted`. */
const BY_RECORD = 202;

/** Everything that shows one request. */
interface Traces {
  readonly id: string;
  readonly sent: readonly SeenSent[];
  readonly answers: readonly SeenAnswer[];
  readonly applied: readonly SeenEntry[];
  readonly refused: readonly SeenEntry[];
  readonly rejected: readonly SeenRejected[];
  readonly givenUp: boolean;
}

/** Text in a record may be a Pub/Sub message, whose data are base64, cut somewhere. */
const plainText = (text: string): string => {
  const data = /"data":"([A-Za-z0-9+/]+)/u.exec(text)?.[1];
  if (data === undefined) return text;
  // A single character over is less than a byte.
  return text + atob(data.length % 4 === 1 ? data.slice(0, -1) : data);
};

const mentions = (text: string, id: string): boolean => text.includes(`"requestId":"${id}"`);

const listOf = <K, V>(lists: Map<K, V[]>, key: K): V[] => {
  const found = lists.get(key) ?? [];
  lists.set(key, found);
  return found;
};

/** Rollouts whose document was set back forget what they had applied: their requests are left out. */
const tracesOf = (seen: Seen): readonly Traces[] => {
  const timeline = timelineOf(seen);
  const sent = new Map<string, SeenSent[]>();
  for (const one of timeline.of('sent')) if (!TRACELESS.has(one.action)) listOf(sent, one.id).push(one);
  const answers = new Map<string, SeenAnswer[]>();
  for (const one of timeline.of('answer')) listOf(answers, one.id).push(one);
  const entries = new Map<string, SeenEntry[]>();
  const forgetful = new Set<string>();
  for (const life of livesOf(seen))
    for (const entry of life.entries) {
      const id = /^request\/(.+)$/u.exec(entry.message.messageId)?.[1];
      if (id === undefined) continue;
      listOf(entries, id).push(entry);
      if (Number.isFinite(life.restoredAtMs)) forgetful.add(id);
    }
  const isForgetful = ({ id, rolloutId }: SeenSent): boolean =>
    forgetful.has(id) || (rolloutId !== null && Number.isFinite(timeline.restoredAtMs(rolloutId)));
  const rejected = timeline.of('rejected').map((one) => ({ ...one, text: plainText(one.text) }));
  const givenUp = timeline.of('givenUp').map(({ text }) => plainText(text));
  return [...sent]
    .filter(([, all]) => !all.some(isForgetful))
    .map(([id, all]) => ({
      id,
      sent: all,
      answers: answers.get(id) ?? [],
      applied: (entries.get(id) ?? []).filter((entry) => entry.refusal === null),
      refused: (entries.get(id) ?? []).filter((entry) => entry.refusal !== null),
      rejected: rejected.filter(({ text }) => mentions(text, id)),
      givenUp: givenUp.some((text) => mentions(text, id)),
    }));
};

const nameOf = ({ sent, id }: Traces): string => `${sent[0]?.action ?? 'request'} ${id}`;

const placeOf = ({ rolloutId, seq }: SeenEntry): string => `entry ${seq} of ${rolloutId}`;

type Problem = (traces: Traces, seen: Seen) => string | null;

const appliedTwice: Problem = (traces) =>
  traces.applied.length > 1
    ? `${nameOf(traces)} was applied ${traces.applied.length} times: ${traces.applied.map(placeOf).join(', ')}`
    : null;

const appliedAndRefused: Problem = (traces) => {
  const [applied] = traces.applied;
  const [refused] = traces.refused;
  return applied !== undefined && refused !== undefined
    ? `${nameOf(traces)} was refused by ${placeOf(refused)} ("${refused.refusal ?? ''}") and applied by ${placeOf(applied)}`
    : null;
};

/**
 * Once it was applied, its repetition may find the rollout finished. A start that found the pool locked may be delivered
 * again when the pool is free: nothing but the record of what was set aside knows of the first time.
 */
const appliedAndRejected: Problem = (traces) => {
  const [applied] = traces.applied;
  const rejected = traces.rejected.find(
    ({ reason }) => !reason.startsWith(FINISHED) && !reason.startsWith(LOCKED),
  );
  return applied !== undefined && rejected !== undefined
    ? `${nameOf(traces)} was set aside ("${rejected.reason}") and applied by ${placeOf(applied)}`
    : null;
};

const saidDone: Problem = (traces) => {
  const done = traces.answers.find(({ status }) => status >= 200 && status < 300 && status !== BY_RECORD);
  if (done === undefined || traces.applied.length > 0) return null;
  const [refused] = traces.refused;
  return refused === undefined
    ? `${nameOf(traces)} was answered ${done.status} ${done.code}, and no journal knows of it`
    : `${nameOf(traces)} was answered ${done.status} ${done.code}, but ${placeOf(refused)} refused it: "${refused.refusal ?? ''}"`;
};

/** A client that asks again after a refusal may be luckier; one that asks again after the end hears of that. */
const saidRefused: Problem = (traces, seen) => {
  const [applied] = traces.applied;
  const endMs = lifeOf(seen, applied?.rolloutId ?? '')?.end?.atMs ?? Number.POSITIVE_INFINITY;
  const refusal = traces.answers.find(
    ({ status, atMs }) =>
      status >= 400 && status < 500 && atMs < endMs && !traces.sent.some((sent) => sent.atMs >= atMs),
  );
  return applied !== undefined && refusal !== undefined
    ? `${nameOf(traces)} was answered ${refusal.status} ${refusal.code}, but ${placeOf(applied)} applied it`
    : null;
};

/** Whoever asks by the API hears it; a message has no other way to show what became of it. */
const vanished: Problem = (traces, seen) => {
  const isLate = traces.sent.some(({ atMs }) => atMs > seen.endMs - LATE_MS);
  const isMessage = traces.sent.some(({ via }) => via === 'requests');
  const shows = traces.applied.length + traces.refused.length + traces.rejected.length > 0 || traces.givenUp;
  return isMessage && !isLate && !shows ? `${nameOf(traces)} vanished: neither applied nor refused` : null;
};

const PROBLEMS: readonly Problem[] = [
  appliedTwice,
  appliedAndRefused,
  appliedAndRejected,
  saidDone,
  saidRefused,
  vanished,
];

/** What is wrong with what became of each request; one sentence each. */
export const checkRequests = (seen: Seen): readonly Violation[] =>
  tracesOf(seen).flatMap((traces) => {
    for (const problem of PROBLEMS) {
      const sentence = problem(traces, seen);
      if (sentence === null) continue;
      const [first] = traces.sent;
      const rolloutId = traces.applied[0]?.rolloutId ?? first?.rolloutId ?? null;
      return [{ rule: 'I8', atMs: first?.atMs ?? seen.endMs, rolloutId, sentence }];
    }
    return [];
  });
