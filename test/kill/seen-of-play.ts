/** A live rollout as the checkers of the simulation want to see it. */

import type { StoredMessage } from '../../local/bus/bus-file.ts';
import { routeOf } from '../../local/demo-world.ts';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import type { Rejected } from '../../workflows/rollout/stored.ts';
import type { Order, Seen, SeenEntry, Sighting } from '../simulation/seen.ts';
import type { KillCase } from './cases.ts';
import type { Play } from './play.ts';

/** Shared by both sides, or there for its own sake. */
const SHARED = new Set(['HTTPRoute', 'Gateway', 'InferenceObjective', 'Role']);
/** As the stacks' backend policies say. */
const DRAIN_MS = 120_000;
const ERROR_RATIO_MAX = 0.01;
/** As the cases' rollout files say. */
const ERROR_SAMPLES_MIN = 50;

const replicasOf = (objects: readonly KubeObject[]): number => {
  const server = objects.find(
    (object) => object.kind === 'Deployment' && JSON.stringify(object).includes('nvidia.com/gpu'),
  );
  return Number((server?.['spec'] as { readonly replicas?: number } | undefined)?.replicas ?? 1);
};

export const orderOf = ({ input }: KillCase, rolloutId: string | null): Order => {
  const { spec, manifests } = input.rollout;
  const { rollback, retention, pacing } = spec;
  return {
    requestId: 'start',
    rolloutId,
    cluster: spec.cluster,
    namespace: spec.namespace,
    type: spec.type === 'baseModel' ? 'baseModel' : 'node',
    source: 'manifests',
    oldPool: spec.from.pool,
    newPool: spec.to.pool,
    oldReplicas: replicasOf(input.stack),
    newReplicas: replicasOf(manifests),
    routes: [routeOf(input).name],
    oldObjects: input.stack
      .filter(({ kind }) => !SHARED.has(kind))
      .map(({ kind, metadata }) => ({ kind, name: metadata.name })),
    ladder: spec.ladder.map(({ sharePercent, bakeMs, approval }) => ({ sharePercent, bakeMs, approval })),
    settleMs: pacing.settleMs,
    errorRatioMax: ERROR_RATIO_MAX,
    errorSamplesMin: ERROR_SAMPLES_MIN,
    floorPercent: rollback.floorPercent,
    onHoldForMs: rollback.onHoldForMs,
    retentionMs: retention.oldMs,
    retire: 'delete',
    drainMs: DRAIN_MS,
    policies: spec.alerts.policies.map(({ name }) => name),
    windows: [],
  };
};

/** The journal entry in a message of topic `events`. */
export const entryOf = ({ data }: StoredMessage): SeenEntry =>
  JSON.parse(Buffer.from(data, 'base64').toString('utf8')) as SeenEntry;

interface Told {
  readonly events: readonly StoredMessage[];
  readonly rejected: readonly Rejected[];
  readonly deadLetters: readonly StoredMessage[];
}

export const seenOf = (play: Play, { events, rejected, deadLetters }: Told): Seen => {
  const { watch, kills, startMs, host, options, follower } = play;
  const endMs = host.world.nowMs;
  const truth = host.world.truth();
  const sightings: Sighting[] = [
    ...watch.sightings,
    ...events.map((message): Sighting => {
      const entry = entryOf(message);
      const atMs = message.publishedAtMs;
      return { kind: 'published', atMs, process: '', id: `${entry.rolloutId}/${entry.seq}`, entry };
    }),
    ...truth.alarms.map(
      ({ atMs, rolloutId, lastHeartbeatMs }): Sighting => ({
        kind: 'alarm',
        atMs,
        rolloutId,
        lastHeartbeatMs,
      }),
    ),
    ...rejected.map(
      ({ id, reason, text }): Sighting => ({ kind: 'rejected', atMs: endMs, id, reason, text }),
    ),
    ...deadLetters.map(
      ({ topic, data }): Sighting => ({ kind: 'givenUp', atMs: endMs, topic, text: `"data":"${data}"` }),
    ),
  ];
  return {
    orders: [orderOf(options.killCase, follower.document?.rolloutId ?? null)],
    startMs,
    quietFromMs: kills.at(-1)?.atMs ?? startMs,
    endMs,
    sightings: sightings.toSorted((one, other) => one.atMs - other.atMs),
  };
};
