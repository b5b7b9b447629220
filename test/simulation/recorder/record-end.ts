import type { SimulatedCloud } from '../../../local/simulated-cloud.ts';
import type { Sighting } from '../seen.ts';

/** What can only be read at the end, and everything in order of time; what happened at one time stays in its order. */
export const recordEnd = (sightings: readonly Sighting[], cloud: SimulatedCloud): readonly Sighting[] => {
  const { world, store, platform } = cloud;
  const truth = world.truth();
  const atMs = world.nowMs;
  return [
    ...sightings,
    ...truth.acts.map(
      ({ atMs: actedAtMs, act }): Sighting => ({
        kind: 'act',
        atMs: actedAtMs,
        what: act.kind,
        detail: act as unknown as Readonly<Record<string, unknown>>,
      }),
    ),
    ...truth.alarms.map(
      ({ atMs: alarmAtMs, rolloutId, lastHeartbeatMs }): Sighting => ({
        kind: 'alarm',
        atMs: alarmAtMs,
        rolloutId,
        lastHeartbeatMs,
      }),
    ),
    ...[...store.truth.rejected.values()].map(
      ({ id, reason, text }): Sighting => ({ kind: 'rejected', atMs, id, reason, text }),
    ),
    ...platform.deadLetters.map(
      ({ topic, message }): Sighting => ({ kind: 'givenUp', atMs, topic, text: message.json }),
    ),
  ].toSorted((one, other) => one.atMs - other.atMs);
};
