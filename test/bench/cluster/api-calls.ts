/** What Sluice asks of an API server, counted from the server's own audit log. */
import { type AuditedRequest, auditedRequests } from '../../cluster/control-plane/audit.ts';
import { type Figure, round, type Say } from '../figure.ts';
import { type Rig, type Rollback, startOne, untilAll } from '../live/alert-rounds.ts';
import type { FleetStack } from '../live/fleet.ts';

/** A quarter of an hour below 100 %, as the example's ladder begins and ends. */
const LADDER = [
  '{ share: 5, bake: 5m }',
  '{ share: 25, bake: 5m }',
  '{ share: 50, bake: 5m }',
  '{ share: 100, bake: 5m }',
];
const MINUTE_MS = 60_000;
const IDLE_MINUTES = 10;
const USER = 'sluice';

/** `list pods`, `get pods/proxy`: the kind of a request, without names. */
const kindOf = ({ verb, uri }: AuditedRequest): string => {
  const path = uri.split('?')[0] ?? uri;
  if (path.includes('/proxy/')) return `${verb} pods/proxy`;
  const parts = /^\/(?:api|apis\/[^/]+)\/[^/]+(?:\/namespaces\/[^/]+)?\/([^/]+)/.exec(path);
  return `${uri.includes('dryRun=') ? 'dry run of ' : ''}${verb} ${parts?.[1] ?? 'discovery'}`;
};

const told = (requests: readonly AuditedRequest[]): string => {
  const counts = new Map<string, number>();
  for (const request of requests) counts.set(kindOf(request), (counts.get(kindOf(request)) ?? 0) + 1);
  return [...counts]
    .toSorted(([, one], [, other]) => other - one)
    .map(([kind, count]) => `${count} ${kind}`)
    .join(', ');
};

/** The requests of a rollback up to its patch: `12 list pods, 13 get httproutes, …`. */
export const requestsOf = (folder: string, { stack, sentAtMs, ms }: Rollback): string =>
  auditedRequests(folder, USER)
    .filter(({ uri }) => uri.includes(`/namespaces/${stack.namespace}/`))
    .filter(({ receivedAtMs }) => receivedAtMs >= sentAtMs && receivedAtMs <= sentAtMs + ms)
    .toSorted((one, other) => one.receivedAtMs - other.receivedAtMs)
    .map((request) => `${Math.round(request.receivedAtMs - sentAtMs)} ${kindOf(request)}`)
    .join(', ');

interface Counted {
  readonly requests: readonly AuditedRequest[];
  readonly minutes: number;
}

const during = async (folder: string, rig: Rig, work: () => Promise<unknown>): Promise<Counted> => {
  const before = auditedRequests(folder, USER).length;
  const startedMs = rig.clock.nowMs();
  await work();
  const requests = auditedRequests(folder, USER).slice(before);
  return { requests, minutes: (rig.clock.nowMs() - startedMs) / MINUTE_MS };
};

/** One rollout alone from its start to `promoted`, a minute of its baking, and minutes in which there is none. */
export const apiCalls = async (
  rig: Rig,
  stack: FleetStack,
  { folder, say, wait }: { folder: string; say: Say; wait: (ms: number) => Promise<unknown> },
): Promise<readonly Figure[]> => {
  rig.clock.setSpeed(rig.fastSpeed);
  let bake: Counted = { requests: [], minutes: 0 };
  const rollout = await during(folder, rig, async () => {
    const rolloutId = await startOne(rig, stack, `calls-${stack.name}`, LADDER);
    await untilAll(
      rig,
      [rolloutId],
      ({ step, confirmedPercent }) => step === 'baking' && confirmedPercent === 25,
    );
    bake = await during(folder, rig, () => wait(3 * MINUTE_MS));
    await untilAll(rig, [rolloutId], ({ state, isFinished }) => isFinished && state === 'promoted');
  });
  // Its last entries are published.
  await wait(2 * MINUTE_MS);
  const idle = await during(folder, rig, () => wait(IDLE_MINUTES * MINUTE_MS));
  const perMinute = ({ requests, minutes }: Counted): number => requests.length / minutes;
  say(`a whole rollout, ${rollout.minutes.toFixed(1)} minutes: ${told(rollout.requests)}`);
  say(
    `while it bakes ${perMinute(bake).toFixed(1)} a minute: ${told(bake.requests)} in ${bake.minutes.toFixed(1)} minutes`,
  );
  say(`without a rollout, ${idle.minutes.toFixed(1)} minutes: ${told(idle.requests) || 'nothing'}`);
  return [
    {
      name: 'api.calls.per.rollout',
      value: rollout.requests.length,
      unit: 'requests',
      means: `a whole rollout of ${LADDER.length} rungs in ${rollout.minutes.toFixed(0)} minutes, scrapes by the pod proxy included; one server and one picker a side`,
    },
    {
      name: 'api.calls.per.baking.minute',
      value: round(perMinute(bake), 1),
      unit: 'requests',
      means: 'of them while traffic is split, looked at every five seconds',
    },
    {
      name: 'api.calls.per.idle.minute',
      value: round(perMinute(idle), 2),
      unit: 'requests',
      means: `without an unfinished rollout, ${IDLE_MINUTES} minutes`,
    },
  ];
};
