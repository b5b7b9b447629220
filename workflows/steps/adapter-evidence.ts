/**
 * What is known of both versions of an adapter. They run on the same pods, so there is no other side to compare with: the
 * pods are held against their own past, and the versions against each other by the probes of each look. JSON only, and small.
 */
import { addCell, type CellSums, NO_CELLS } from './cell-sums.ts';
import { absorbDurations, type DurationEvidence, NO_DURATIONS } from './duration-evidence.ts';
import type { Look, PodObservation, ProbeObservation, Side } from './observation.ts';
import type { PodDelta } from './pod-deltas.ts';

/** Probes of one version on the rung: x failures of n, in whatever way. */
export interface ProbeSums {
  readonly n: number;
  /** The server does not know the name. */
  readonly notFound: number;
  readonly otherStatus: number;
  readonly noAnswer: number;
  /** Beside `n`: 404 of pods that came up and have not loaded it yet. Absent: none. */
  readonly lacking?: number;
}

interface PodEvidence {
  readonly restarts: number;
  /** Ready without a break since then, as far as looks have seen; null: not ready. */
  readonly readySinceMs: number | null;
  /** It has answered the new name, since it was last started. */
  readonly served: boolean;
  /** Looks of full minutes running at which it answered 404 for the new name. */
  readonly missed: number;
  /** The last cell: 4xx, requests. */
  readonly last: readonly [number, number];
}

export interface AdapterEvidence {
  /** The pods' requests before this rollout sent them any; null: not seen yet. */
  readonly past: {
    readonly requests: number;
    readonly failures: number;
    readonly clientErrors: number;
  } | null;
  /** Of the rung. */
  readonly probes: Readonly<Record<Side, ProbeSums>>;
  /** Of the rung: 4xx of all requests. */
  readonly clientErrors: CellSums;
  /** By uid. */
  readonly pods: Readonly<Record<string, PodEvidence>>;
  /** Looks of full minutes running at which some pod had an adapter waiting for a slot; with the pod of the last. */
  readonly slots: { readonly minutes: number; readonly pod: string | null };
  /** Only where pickers tell. */
  readonly durations?: DurationEvidence;
}

/** A pod that came up needs this long to be told of the new version by its syncer. */
export const GRACE_MS = 180_000;

const NO_PROBES: ProbeSums = { n: 0, notFound: 0, otherStatus: 0, noAnswer: 0 };

export const emptyAdapterEvidence = (): AdapterEvidence => ({
  past: null,
  probes: { old: NO_PROBES, new: NO_PROBES },
  clientErrors: NO_CELLS,
  pods: {},
  slots: { minutes: 0, pod: null },
});

/** A new share: the rung's sums begin anew. */
export const restartAdapterRung = (evidence: AdapterEvidence): AdapterEvidence => ({
  ...evidence,
  probes: { old: NO_PROBES, new: NO_PROBES },
  clientErrors: NO_CELLS,
  ...(evidence.durations === undefined ? {} : { durations: { ...evidence.durations, rung: NO_DURATIONS } }),
});

/**
 * A pod after one more look. Whoever has restarted has lost what was loaded.
 * @param status of the probe of the new name; undefined: it was not probed.
 */
export const podAfter = (
  before: PodEvidence | undefined,
  pod: PodObservation,
  atMs: number,
  status: number | null | undefined,
): PodEvidence => {
  const isFresh = before === undefined || pod.restarts > before.restarts;
  const readySinceMs = pod.ready ? ((isFresh ? null : before.readySinceMs) ?? atMs) : null;
  const served = status === 200 || (!isFresh && before.served);
  const missedBefore = isFresh ? 0 : before.missed;
  // No answer says nothing of the name.
  const missed =
    status === 404 ? missedBefore + 1 : status === undefined || status === null ? missedBefore : 0;
  return {
    restarts: Math.max(pod.restarts, before?.restarts ?? 0),
    readySinceMs,
    served,
    missed,
    last: before?.last ?? [0, 0],
  };
};

/** A 404 of a pod counts once it has served the name, or has had the time to load it. */
export const countsAsMissing = (pod: PodEvidence | undefined, atMs: number): boolean =>
  pod !== undefined && (pod.served || (pod.readySinceMs !== null && atMs - pod.readySinceMs >= GRACE_MS));

export interface AdapterLook {
  readonly look: Look;
  readonly deltas: readonly PodDelta[];
  /** Probes count: the share is confirmed and nobody holds. */
  readonly counting: boolean;
  /** The interval that ends with this look counts. */
  readonly countsDeltas: boolean;
  /** And it began after the warm-up. */
  readonly countsDurations: boolean;
  /** The look before this one is too long ago to be of a minute running. */
  readonly isAfterGap: boolean;
}

/** The evidence after one more look; undefined where nothing of it is of an adapter. */
export const absorbAdapter = (
  evidence: AdapterEvidence | undefined,
  seen: AdapterLook,
): AdapterEvidence | undefined => {
  const { look } = seen;
  if (look.probes === undefined) return evidence;
  const before = evidence ?? emptyAdapterEvidence();
  const news = new Map(
    look.probes.filter(({ target }) => target === 'new').map((probe) => [probe.uid, probe]),
  );
  const pods: Record<string, PodEvidence> = {};
  for (const pod of look.pods) {
    const known = before.pods[pod.uid];
    const unbroken = known !== undefined && seen.isAfterGap ? { ...known, missed: 0 } : known;
    pods[pod.uid] = podAfter(unbroken, pod, look.atMs, news.get(pod.uid)?.status);
  }
  const counted = look.probes.filter(
    (probe) => probe.target === 'old' || probe.status !== 404 || countsAsMissing(pods[probe.uid], look.atMs),
  );
  const durations = absorbDurations(before.durations, look, seen.countsDurations);
  return {
    past: before.past ?? pastOf(look),
    probes: seen.counting
      ? {
          old: addProbes(before.probes.old, counted, 'old'),
          new: addLacking(
            addProbes(before.probes.new, counted, 'new'),
            before.probes.new.lacking,
            look.probes.length - counted.length,
          ),
        }
      : before.probes,
    ...addClientErrors(before.clientErrors, pods, seen),
    slots: slotsAfter(before.slots, seen),
    ...(durations === undefined ? {} : { durations }),
  };
};

const addProbes = (sums: ProbeSums, probes: readonly ProbeObservation[], target: Side): ProbeSums => {
  let { n, notFound, otherStatus, noAnswer } = sums;
  for (const probe of probes) {
    if (probe.target !== target) continue;
    n += 1;
    if (probe.status === 404) notFound += 1;
    else if (probe.status === null) noAnswer += 1;
    else if (probe.status !== 200) otherStatus += 1;
  }
  return { n, notFound, otherStatus, noAnswer };
};

const addLacking = (sums: ProbeSums, before: number | undefined, more: number): ProbeSums =>
  (before ?? 0) + more === 0 ? sums : { ...sums, lacking: (before ?? 0) + more };

const pastOf = (look: Look): AdapterEvidence['past'] => {
  const past = { requests: 0, failures: 0, clientErrors: 0 };
  for (const { counters } of look.pods) {
    if (counters === null) continue;
    past.requests += counters.requests;
    past.failures += Math.min(counters.requests, counters.failures5xx + counters.streamErrors);
    past.clientErrors += counters.failures4xx;
  }
  return past.requests > 0 || look.pods.some(({ counters }) => counters !== null) ? past : null;
};

const addClientErrors = (
  sums: CellSums,
  pods: Readonly<Record<string, PodEvidence>>,
  { deltas, countsDeltas }: AdapterLook,
): Pick<AdapterEvidence, 'clientErrors' | 'pods'> => {
  if (!countsDeltas) return { clientErrors: sums, pods: withoutLast(pods) };
  let clientErrors = sums;
  const next: Record<string, PodEvidence> = { ...pods };
  for (const delta of deltas) {
    const pod = pods[delta.uid];
    const x = Math.min(delta.clientErrors, delta.requests);
    clientErrors = addCell(clientErrors, x, delta.requests, pod?.last ?? [0, 0]);
    if (pod !== undefined) next[delta.uid] = { ...pod, last: [x, delta.requests] };
  }
  return { clientErrors, pods: next };
};

/** No interval of before is consecutive to the next that counts. */
const withoutLast = (pods: AdapterEvidence['pods']): AdapterEvidence['pods'] =>
  Object.fromEntries(Object.entries(pods).map(([uid, pod]) => [uid, { ...pod, last: [0, 0] as const }]));

const slotsAfter = (
  before: AdapterEvidence['slots'],
  { look, isAfterGap }: AdapterLook,
): AdapterEvidence['slots'] => {
  const full = look.pods.find(
    ({ ready, counters }) =>
      ready &&
      counters?.loras !== undefined &&
      counters.loras.waiting > 0 &&
      counters.loras.running >= counters.loras.max,
  );
  if (full === undefined) return { minutes: 0, pod: null };
  return { minutes: (isAfterGap ? 0 : before.minutes) + 1, pod: full.name };
};
