/** Which situations a run really was in: counted from journals and the world's log, not from what was meant to happen. */
import { readState } from '../../workflows/rollout/read-state.ts';
import { lastAt, newPoolOf, oldPoolOf, timelineOf } from './checkers/timeline.ts';
import { countRare } from './rare-situations.ts';
import type { TrialRun } from './run-trial.ts';
import type { Order, Seen, SeenEntry, SeenPublished } from './seen.ts';

export type Situations = Readonly<Record<string, number>>;

type Count = (situation: string, times?: number) => void;

/** The situations of one run, by name, with how often each was. */
export const situationsOf = (run: TrialRun): Situations => {
  const counts: Record<string, number> = {};
  const count: Count = (situation, times = 1) => {
    if (times > 0) counts[situation] = (counts[situation] ?? 0) + times;
  };
  const published = new Map<string, SeenPublished>();
  for (const sighting of run.seen.sightings) {
    if (sighting.kind === 'published') published.set(sighting.id, sighting);
    if (sighting.kind === 'act') count(`act ${sighting.what}`);
    if (sighting.kind === 'fault') countFault(sighting.what, count);
    if (sighting.kind === 'alarm') count('alarm outside');
  }
  for (const { entry } of published.values()) countEntry(entry, count);
  for (const order of run.seen.orders) countOrder(order, run, count);
  countCloud(run, count);
  for (const [situation, times] of run.counts) count(situation, times);
  countRows(run.seen, [...published.values()], count);
  countRare(run.seen, count);
  return counts;
};

/** Rates are what the seed meant to do: what came of them is counted by whoever did it. */
const countFault = (what: string, count: Count): void => {
  if (!what.includes('.')) count(`fault ${what}`);
};

const countEntry = (entry: SeenEntry, count: Count): void => {
  count(`state ${entry.to}`);
  if (entry.from !== entry.to) count(`transition ${entry.from}→${entry.to}`);
  if (entry.refusal !== null) count(`refused ${nameOf(entry)}`);
  else count(`applied ${nameOf(entry)}`);
  for (const { gate, answer } of entry.verdicts) count(`verdict ${gate} ${answer}`);
};

const nameOf = ({ message }: SeenEntry): string => {
  const part = message['outcome'] ?? message['command'] ?? message['notice'];
  const named = (part ?? {}) as { readonly kind?: string; readonly name?: string; readonly gate?: string };
  const timer = message['timerId'];
  const delay = typeof timer === 'string' ? timer.split('.')[2] : undefined;
  const detail = named.gate ?? named.kind ?? named.name ?? delay;
  return detail === undefined ? message.kind : `${message.kind} ${detail}`;
};

const countOrder = (order: Order, { cloud }: TrialRun, count: Count): void => {
  count(`order ${order.type} ${order.source}`);
  if (order.rolloutId === null) return count('order never started');
  const document = cloud.store.truth.documents.get(order.rolloutId);
  if (document === undefined) return;
  const { context } = readState(document);
  count(`end ${document.state}${context.ending === null ? '' : `: ${context.ending.reason}`}`);
};

const countCloud = ({ cloud }: TrialRun, count: Count): void => {
  for (const [fate, times] of Object.entries(cloud.scheduler.calls.fates)) count(`call ${fate}`, times);
  for (const [kind, times] of Object.entries(cloud.wrongAnswers)) count(`answer ${kind}`, times);
  const { duplicated, nacked, expired, lost, dropped } = cloud.platform.counts;
  for (const [what, times] of Object.entries({ duplicated, nacked, expired, lost, dropped }))
    count(`message ${what}`, times);
  count('message dead letter', cloud.platform.deadLetters.length);
  count('message rejected', cloud.store.truth.rejected.size);
  count('leftover', cloud.store.truth.leftovers.size);
};

const ABSENT = { ready: 0, pickerReady: false };

/** Rows of the table of protocol P5: how the sides stood when the way back was first tried. */
const countRows = (seen: Seen, published: readonly SeenPublished[], count: Count): void => {
  const timeline = timelineOf(seen);
  for (const order of seen.orders) {
    const begun = published.find(
      ({ entry }) =>
        entry.rolloutId === order.rolloutId && entry.to === 'rollingBack' && entry.from !== 'rollingBack',
    );
    if (begun === undefined) continue;
    const old = lastAt(timeline.sides(oldPoolOf(order)), begun.entry.atMs) ?? ABSENT;
    const fresh = lastAt(timeline.sides(newPoolOf(order)), begun.entry.atMs) ?? ABSENT;
    const carries =
      !old.pickerReady || old.ready === 0 ? 'none' : old.ready < order.oldReplicas ? 'partly' : 'all';
    count(`rollback old ${carries}, new ${fresh.ready === 0 || !fresh.pickerReady ? 'none' : 'some'}`);
  }
};
