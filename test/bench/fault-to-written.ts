/**
 * fault.to.written, in virtual seconds.
 *
 *   from  the first request that failed on the new side: the beginning of the first stretch of traffic with one in it
 *   to    the accepted write of the API server after which the new pool has weight 0 again
 *
 * 40 requests a second in all, the new side at a share of 25; then half of its requests fail at once and go on failing.
 * Port calls take 20 to 200 ms. The fault comes at another time of the wake's minute with each seed. The tripwire must
 * be errors.fast in its burst form.
 */
import type { ScheduledAct } from '../../simulator/world/acts.ts';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { JournalEntry } from '../../workflows/rollout/stored.ts';
import {
  atShare,
  documentOf,
  journalOf,
  MINUTE_MS,
  NEW_POOL,
  NEW_TARGET,
  rolloutFile,
  runToEnd,
} from '../helpers/simulated-rollout.ts';
import { type Figure, median, round, type Say, spread } from './figure.ts';
import { startOn } from './whole-rollout.ts';

const SEEDS = 20;
const REQUESTS_PER_SECOND = 40;

const FILE = rolloutFile({ ladder: ['{ share: 25, bake: 30m }', '{ share: 100, bake: 5m }'] });

/** After three minutes at the share, spread over a minute by the golden ratio. */
const fault = (seed: number): ScheduledAct =>
  atShare(25, 3 * MINUTE_MS + Math.floor(((seed * 0.618034) % 1) * MINUTE_MS), {
    kind: 'requestsFail',
    target: NEW_TARGET,
    share: 0.5,
  });

interface Measured {
  readonly seconds: number;
  readonly gate: string;
  readonly failed: number;
}

const measure = async (seed: number): Promise<Measured> => {
  const world = {
    seed,
    traffic: [{ requestsPerSecond: REQUESTS_PER_SECOND }],
    durations: { apiCall: [20, 200] as const, scrape: [20, 200] as const },
    acts: [fault(seed)],
  };
  const { cloud, rolloutId } = await startOn(world, FILE);
  await runToEnd(cloud, rolloutId);
  const { state } = documentOf(cloud, rolloutId);
  const { failures, routeWrites } = cloud.world.truth();
  const failedAtMs = failures.find(({ backend }) => backend === NEW_POOL)?.fromMs;
  const written = routeWrites.find(
    ({ atMs, after }) => failedAtMs !== undefined && atMs > failedAtMs && isBack(after),
  );
  const gate = journalOf(cloud, rolloutId)
    .map(burstGate)
    .find((found) => found !== null);
  if (failedAtMs === undefined || written === undefined || gate === undefined || state !== 'rolledBack')
    throw new Error(`seed ${seed}: ended ${state}, failed at ${failedAtMs}, tripped ${gate}`);
  return {
    seconds: (written.atMs - failedAtMs) / 1000,
    gate: gate ?? '',
    failed: cloud.world.truth().requests.failed,
  };
};

/** The gate of a look's own notice: the burst form. A minute's tripwire speaks in `observed`. */
const burstGate = ({ message }: JournalEntry): string | null =>
  message.kind === 'noticed' && message.notice.kind === 'tripped' ? message.notice.gate : null;

const isBack = (route: KubeObject | null): boolean => {
  const spec = route?.['spec'] as
    | { readonly rules: readonly { readonly backendRefs: readonly { name: string; weight: number }[] }[] }
    | undefined;
  return (
    spec?.rules.every(({ backendRefs }) =>
      backendRefs.every(({ name, weight }) => name !== NEW_POOL || weight === 0),
    ) === true
  );
};

export const faultToWritten = async (say: Say): Promise<readonly Figure[]> => {
  const measured: Measured[] = [];
  for (let seed = 1; seed <= SEEDS; seed += 1) measured.push(await measure(seed));
  const seconds = measured.map((one) => one.seconds);
  const gates = [...new Set(measured.map(({ gate }) => gate))];
  say(`first failing request to weights written back: ${spread(seconds, 1)} s, by ${gates.join(', ')}`);
  say(
    `failed requests: ${spread(
      measured.map(({ failed }) => failed),
      0,
    )}`,
  );
  return [
    {
      name: 'fault.to.written',
      value: round(median(seconds), 1),
      unit: 's',
      means: `first failing request to the old weights written back, half of the new side failing at a share of 25; ${SEEDS} seeds, virtual time`,
    },
  ];
};
