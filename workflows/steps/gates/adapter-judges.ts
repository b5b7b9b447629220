/** What judges say where both versions of an adapter run on the same pods. */
import type { GatePlan } from '../../plans/plan.ts';
import type { AdapterEvidence, ProbeSums } from '../adapter-evidence.ts';
import { type CellSums, NO_CELLS } from '../cell-sums.ts';
import type { Evidence } from '../evidence.ts';
import {
  BUNCHED,
  ERRORS_MARGIN,
  inWords,
  isBroken,
  isDoubtful,
  isWorse,
  RELATIVE_SAMPLES_MIN,
  type Reply,
} from './proportion-tests.ts';
import { count, type PoolNames, percent, ratio, SAME_PODS } from './words.ts';

/** 4xx are the clients' own as often as not: their ratio may exceed the past one by this much. */
export const CLIENT_MARGIN = 0.01;

/** The old version's probes may fail too: the new one's may by this much more. */
export const PROBES_MARGIN = 0.005;

/** More probes than this met pods that came up without the version: their clients had 404, and the rung proved little. */
export const LACKING_MAX = 0.1;

export interface AdapterJudging {
  readonly gates: GatePlan;
  readonly evidence: Evidence;
  readonly pools: PoolNames;
}

const sumsOf = (x: number, n: number): CellSums => ({ ...NO_CELLS, x, n });

/**
 * `errors`: 5xx and broken streams of the pods against their own past, and their 4xx as well. Counters do not tell whose
 * requests these were, so a pool that always failed some is not held against the new version.
 */
export const errorsOfPods = (call: AdapterJudging, adapter: AdapterEvidence): Reply => {
  const { ratioMax, samplesMin } = call.gates.errors;
  const { errors: fresh } = call.evidence.new;
  const past = sumsOf(adapter.past?.failures ?? 0, adapter.past?.requests ?? 0);
  const pastClients = sumsOf(adapter.past?.clientErrors ?? 0, adapter.past?.requests ?? 0);
  const hasPast = past.n >= RELATIVE_SAMPLES_MIN;
  const compares = hasPast && fresh.n >= RELATIVE_SAMPLES_MIN;
  const limit = hasPast ? Math.max(ratioMax, past.x / past.n + ERRORS_MARGIN) : ratioMax;
  const reply = {
    sums: fresh,
    old: past,
    limit,
    sentence: `errors of ${SAME_PODS.new} ${ratio(fresh.x, fresh.n)}, limit ${percent(limit)}`,
  };
  if (isBroken(fresh, limit)) return inWords({ ...reply, answer: 'fail' }, null);
  if (compares && isWorse(fresh, past, ERRORS_MARGIN))
    return inWords(
      { ...reply, answer: 'fail' },
      `${ratio(past.x, past.n)} before; at most ${String(ERRORS_MARGIN * 100)} points more are allowed`,
    );
  const { clientErrors } = adapter;
  if (compares && isWorse(clientErrors, pastClients, CLIENT_MARGIN))
    return inWords(
      { ...reply, answer: 'fail' },
      `4xx ${ratio(clientErrors.x, clientErrors.n)}, ${ratio(pastClients.x, pastClients.n)} before; at most ${String(CLIENT_MARGIN * 100)} point more is allowed`,
    );
  if (fresh.n < samplesMin)
    return inWords({ ...reply, answer: 'inconclusive' }, `fewer than ${count(samplesMin)} requests`);
  if (isDoubtful(fresh, limit)) return inWords({ ...reply, answer: 'inconclusive' }, BUNCHED);
  return inWords({ ...reply, answer: 'pass' }, null);
};

const failuresOf = ({ notFound, otherStatus, noAnswer }: ProbeSums): number =>
  notFound + otherStatus + noAnswer;

/** What the failures were, e.g. `3 × 404, 1 × no answer`. */
const kindsOf = ({ notFound, otherStatus, noAnswer }: ProbeSums): string =>
  (
    [
      [notFound, '404'],
      [otherStatus, 'another status'],
      [noAnswer, 'no answer'],
    ] as const
  )
    .flatMap(([times, what]) => (times === 0 ? [] : [`${count(times)} × ${what}`]))
    .join(', ');

/** `adapter.errors`: probes of the new version against the limit and against those of the old one on the same pods. */
export const adapterErrors = (call: AdapterJudging): Reply | null => {
  const { adapter } = call.evidence;
  const samplesMin = call.gates.adapter?.samplesMin;
  if (adapter === undefined || samplesMin === undefined) return null;
  const { ratioMax } = call.gates.errors;
  const fresh = sumsOf(failuresOf(adapter.probes.new), adapter.probes.new.n);
  const old = sumsOf(failuresOf(adapter.probes.old), adapter.probes.old.n);
  const kinds = kindsOf(adapter.probes.new);
  const reply = {
    sums: fresh,
    old,
    limit: ratioMax,
    sentence: `failed probes of ${call.pools.new} ${ratio(fresh.x, fresh.n, 'probes')}${kinds === '' ? '' : `, ${kinds}`}, limit ${percent(ratioMax)}`,
  };
  const other = `${call.pools.old} has ${ratio(old.x, old.n, 'probes')}`;
  if (isWorse(fresh, old, PROBES_MARGIN)) return inWords({ ...reply, answer: 'fail' }, other);
  // The pods are at fault, not the version; but nothing is proved on such pods.
  if (isBroken(fresh, ratioMax))
    return old.x === 0
      ? inWords({ ...reply, answer: 'fail' }, null)
      : inWords({ ...reply, answer: 'inconclusive' }, other);
  if (fresh.n < samplesMin)
    return inWords({ ...reply, answer: 'inconclusive' }, `fewer than ${count(samplesMin)} probes`);
  const { lacking = 0, n } = adapter.probes.new;
  if (lacking > LACKING_MAX * (n + lacking))
    return inWords(
      { ...reply, answer: 'inconclusive' },
      `${ratio(lacking, n + lacking, 'probes')} met pods that had not loaded it yet`,
    );
  return inWords({ ...reply, answer: 'pass' }, null);
};
