/**
 * I3: a share grows only after the rung before it baked in full, counted from the moment ground truth first confirmed it on all
 * routes, less the time that people held it; and on evidence: enough requests on the new side, answered scrapes, no failures
 * that the judge could not have missed. An applied `skip` excuses all of it. The end of soaking at 100 % is a growth too.
 */
import type { Checker, Order, SeenEntry, SeenProbe, SeenScrape, SeenWrite, Violation } from '../seen.ts';
import { type Footing, footingBefore, raisesOf } from './climb.ts';
import { adoptionBefore, commandOf, isApplied, outcomeOf, pausedMs } from './journal.ts';
import {
  between,
  during,
  firstFrom,
  lastAt,
  newPoolOf,
  oldPoolOf,
  type PoolPlace,
  type Timeline,
  timelineOf,
} from './timeline.ts';

/** The product's clock is the store's, and a bake ends in the millisecond in which its timer is due. */
const TOLERANCE_MS = 1000;

/** What the judge cannot overlook: so many times the limit, with a lot of requests, and so much worse than the old side. */
const BLATANT_TIMES = 2;
const WORSE_TIMES = 3;
const REQUESTS_MIN = 300;
/** Standard deviations above the blatant ratio. */
const SURE = 6;

interface Growth {
  /** null: soaking was over. */
  readonly write: SeenWrite | null;
  readonly decidedAtMs: number;
  readonly atMs: number;
  /** Rung whose bake it needs: the one before, or after an adoption the shorter of that and the one that follows. */
  readonly bakeMs: number;
  readonly adoptedAtMs: number | null;
  readonly sentence: string;
}

const isSoakOver = (entry: SeenEntry): boolean =>
  isApplied(entry) && entry.from !== 'retaining' && entry.to === 'retaining';

const bakeOf = (order: Order, rung: number): number => order.ladder[rung]?.bakeMs ?? 0;

const growthsOf = (timeline: Timeline, order: Order, entries: readonly SeenEntry[]): readonly Growth[] => {
  const found: Growth[] = [];
  const raises = raisesOf(timeline, order);
  for (const [index, { write, rung, reached, sharePercent }] of raises.entries()) {
    const adoption = adoptionBefore(entries, write.issuedAtMs);
    const lastRaiseMs = raises[index - 1]?.write.atMs ?? 0;
    const isAdopted = adoption !== null && adoption.atMs > lastRaiseMs && adoption.sharePercent > 0;
    if (!isAdopted && (rung <= reached || reached < 0)) continue;
    const bakes = isAdopted
      ? [bakeOf(order, rung), ...(reached < 0 ? [] : [bakeOf(order, reached)])]
      : [bakeOf(order, reached)];
    found.push({
      write,
      decidedAtMs: write.issuedAtMs,
      atMs: write.atMs,
      bakeMs: Math.min(...bakes),
      adoptedAtMs: isAdopted ? adoption.atMs : null,
      sentence: `${write.name} grew to ${Math.round(sharePercent * 10) / 10} %`,
    });
  }
  for (const soaked of entries.filter(isSoakOver)) {
    const adoption = adoptionBefore(entries, soaked.atMs);
    found.push({
      write: null,
      decidedAtMs: soaked.atMs,
      atMs: soaked.atMs,
      bakeMs: bakeOf(order, order.ladder.length - 1),
      adoptedAtMs: adoption === null || adoption.sharePercent < 100 ? null : adoption.atMs,
      sentence: 'soaking ended',
    });
  }
  return found;
};

interface Window {
  readonly fromMs: number;
  readonly toMs: number;
}

/** Requests and failures of a pool from one moment to the last sighting before another, or generously to the next after it. */
const countsOf = (
  timeline: Timeline,
  pool: PoolPlace,
  { fromMs, toMs }: Window,
  isGenerous = false,
): { readonly requests: number; readonly failed: number; readonly inFlight: number } => {
  const list = timeline.traffic(pool);
  const first = isGenerous ? lastAt(list, fromMs) : firstFrom(list, fromMs);
  const last = (isGenerous ? firstFrom(list, toMs) : lastAt(list, toMs)) ?? list.at(-1);
  return {
    requests: Math.max(0, (last?.requests ?? 0) - (first?.requests ?? 0)),
    failed: Math.max(0, (last?.failed ?? 0) - (first?.failed ?? 0)),
    inFlight: first?.inFlight ?? 0,
  };
};

const ratioOf = ({ requests, failed }: { readonly requests: number; readonly failed: number }): number =>
  requests === 0 ? 0 : failed / requests;

/** Counters show failures of servers that stay: what a vanished server or picker failed is other tripwires' business. */
const isSteady = (timeline: Timeline, pool: PoolPlace, fromMs: number, toMs: number): boolean => {
  const stood = during(timeline.sides(pool), fromMs, toMs);
  return stood.every(({ ready, pickerReady }) => ready === stood[0]?.ready && pickerReady);
};

/** Counted while pods were proved; a page that is older than it looks brings it into the rung's evidence. */
const PROOF_REQUESTS_MAX = 100;

/**
 * What the judges could know of: from the confirmation as it was journalled until they spoke. Failures after that are for
 * the tripwires.
 */
const judgedWindow = (entries: readonly SeenEntry[], { fromMs, toMs }: Window): Window => {
  const judged = entries.findLast(({ atMs, verdicts }) => atMs <= toMs && verdicts.length > 0)?.atMs ?? toMs;
  const confirmed = entries.findLast(
    (entry) => entry.atMs <= judged && outcomeOf(entry) === 'weightsConfirmed',
  )?.atMs;
  return { fromMs: Math.max(fromMs, confirmed ?? fromMs), toMs: Math.max(fromMs, judged) };
};

const STALE = 'answers.scrapeStale';

/**
 * When the metrics pages were last asked for and none was older than it looked: a page that stands still for once hides
 * what its server has failed since, and no figure tells. Without such pages the end of the window.
 */
const lastTruthfulMs = (timeline: Timeline, order: Order, { fromMs, toMs }: Window): number => {
  const stale = timeline.of('fault').filter(({ what }) => what === STALE);
  if (stale.length === 0) return toMs;
  const isTruthful = ({ atMs, pods }: SeenScrape): boolean =>
    !stale.some((fault) => fault.atMs === atMs && pods.includes(fault.whom));
  return between(timeline.scrapes(order), fromMs, toMs).findLast(isTruthful)?.atMs ?? fromMs;
};

/** One that fails may be chance; so many are the version's. What nobody heard is no answer. */
const PROBES_FAILED_MAX = 0.2;
const PROBES_MIN = 10;

/** A server that came up loads the version some time after it is ready; growth waits for it that long. */
const LOADING_MS = 3.5 * 60_000;

/** Not found yet, and soon found by the same server. */
const isComingUp = (probe: SeenProbe, all: readonly SeenProbe[]): boolean =>
  probe.status === 404 &&
  all.some(
    ({ pod, model, status, atMs }) =>
      pod === probe.pod &&
      model === probe.model &&
      status === 200 &&
      atMs > probe.atMs &&
      atMs - probe.atMs <= LOADING_MS,
  );

/** No counter of a model server tells one version from the other: each pod is asked for a word by either. */
const doubtfulProbes = (timeline: Timeline, order: Order, { fromMs, toMs }: Window): readonly string[] => {
  const heard = between(timeline.probes(order), fromMs, toMs).filter(({ status }) => status !== null);
  const probes = heard.filter((probe) => !isComingUp(probe, heard));
  const ofVersion = (name: string): { readonly n: number; readonly failed: number } => {
    const of = probes.filter(({ model }) => model === name);
    return { n: of.length, failed: of.filter(({ status }) => (status ?? 0) >= 400).length };
  };
  const [fresh, old] = [ofVersion(order.newPool), ofVersion(order.oldPool)];
  const ratio = fresh.failed / Math.max(1, fresh.n);
  const isWorse = ratio >= WORSE_TIMES * (old.failed / Math.max(1, old.n));
  return [
    ...(fresh.n === 0 ? ['although no server had answered by the new version'] : []),
    ...(fresh.n >= PROBES_MIN && ratio > PROBES_FAILED_MAX && isWorse
      ? [`although ${fresh.failed} of ${fresh.n} probes of the new version had failed`]
      : []),
  ];
};

/** Pages count them like a client's: who stood still in the middle of proving pods goes on when he wakes. */
const askedByUs = (timeline: Timeline, order: Order, { fromMs, toMs }: Window): number =>
  between(timeline.probes(order), fromMs, toMs).length;

const doubtfulEvidence = (timeline: Timeline, order: Order, window: Window): readonly string[] => {
  const { fromMs, toMs } = window;
  const spoken = judgedWindow(timeline.entries(order.rolloutId ?? ''), window);
  const judged = { ...spoken, toMs: lastTruthfulMs(timeline, order, spoken) };
  const fresh = countsOf(timeline, newPoolOf(order), judged);
  const old = countsOf(timeline, oldPoolOf(order), judged);
  const most = countsOf(timeline, newPoolOf(order), window, true);
  if (order.adapter !== undefined) return doubtfulProbes(timeline, order, spoken);
  const found: string[] = [];
  const hasOldPages = timeline.of('fault').some(({ what }) => what === STALE);
  const unseen = most.inFlight + askedByUs(timeline, order, window) + (hasOldPages ? PROOF_REQUESTS_MAX : 0);
  if (most.requests + unseen < order.errorSamplesMin)
    found.push(`on ${most.requests} requests of the new side, ${order.errorSamplesMin} are needed`);
  const scrapes = between(timeline.scrapes(order), fromMs, toMs);
  if (!scrapes.some(({ answered }) => answered > 0)) found.push('although no scrape was answered');
  const limit = BLATANT_TIMES * order.errorRatioMax * fresh.requests;
  const isBlatant = fresh.failed > limit + SURE * Math.sqrt(limit);
  const isWorse = ratioOf(fresh) >= WORSE_TIMES * ratioOf(old);
  if (
    fresh.requests >= REQUESTS_MIN &&
    isBlatant &&
    isWorse &&
    isSteady(timeline, newPoolOf(order), fromMs, toMs)
  )
    found.push(`although ${fresh.failed} of ${fresh.requests} requests of the new side had failed`);
  return found;
};

const doubts = (
  timeline: Timeline,
  order: Order,
  entries: readonly SeenEntry[],
  growth: Growth,
): readonly string[] => {
  const until = { write: growth.write, atMs: growth.decidedAtMs };
  const footing: Footing | null = footingBefore(timeline, order, until, growth.adoptedAtMs);
  if (footing === null) return [];
  const isSkipped = entries.some(
    (entry) =>
      commandOf(entry) === 'skip' && entry.atMs >= footing.sinceMs && entry.atMs <= growth.decidedAtMs,
  );
  if (isSkipped) return [];
  const { confirmedAtMs } = footing;
  if (confirmedAtMs === null) return ['before all routes had confirmed the share before'];
  const bakedMs = growth.decidedAtMs - confirmedAtMs - pausedMs(entries, confirmedAtMs, growth.decidedAtMs);
  return [
    ...(bakedMs + TOLERANCE_MS < growth.bakeMs
      ? [`after ${Math.round(bakedMs / 1000)} s of a bake of ${growth.bakeMs / 1000} s`]
      : []),
    ...doubtfulEvidence(timeline, order, { fromMs: confirmedAtMs, toMs: growth.decidedAtMs }),
  ];
};

export const fullBakeBeforeGrowth: Checker = (seen) => {
  const timeline = timelineOf(seen);
  const found: Violation[] = [];
  for (const order of seen.orders) {
    const { rolloutId } = order;
    if (rolloutId === null) continue;
    const entries = timeline.entries(rolloutId);
    for (const growth of growthsOf(timeline, order, entries)) {
      // What a document of yesterday says of bakes and rungs is true of yesterday.
      if (growth.atMs >= timeline.restoredAtMs(rolloutId)) continue;
      for (const doubt of doubts(timeline, order, entries, growth))
        found.push({ rule: 'I3', atMs: growth.atMs, rolloutId, sentence: `${growth.sentence} ${doubt}` });
    }
  }
  return found;
};
