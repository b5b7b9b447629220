/** How a rollout ended, in ground truth and on paper: what every end must have in common, whatever happened before. */
import { expect } from 'vitest';
import type { SimulatedCloud } from '../../local/simulated-cloud.ts';
import type { KubeObject } from '../../workflows/kubernetes.ts';
import { RESOURCES } from '../../workflows/kubernetes.ts';
import { readState } from '../../workflows/rollout/read-state.ts';
import { replay } from '../../workflows/rollout/replay.ts';
import { CLUSTER } from './a-plan.ts';
import { documentOf, journalOf, NAMESPACE, ROLLOUT, ROUTE } from './simulated-rollout.ts';

interface Ref {
  readonly name: string;
  readonly weight: number;
}

/** The backendRefs of the first rule as stored; null where the route is gone. */
export const backendRefs = (cloud: SimulatedCloud): readonly Ref[] | null => {
  const route = cloud.world.kube(CLUSTER)?.read(RESOURCES.httpRoute, NAMESPACE, ROUTE);
  return route === undefined ? null : refsOf(route);
};

export const refsOf = (route: KubeObject): readonly Ref[] => {
  const spec = route['spec'] as { readonly rules: readonly { readonly backendRefs?: readonly Ref[] }[] };
  return (spec.rules[0]?.backendRefs ?? []).map(({ name, weight }) => ({ name, weight }));
};

const CREATED_KINDS = [
  RESOURCES.deployment,
  RESOURCES.service,
  RESOURCES.serviceAccount,
  RESOURCES.configMap,
  RESOURCES.roleBinding,
  RESOURCES.inferencePool,
  RESOURCES.gcpBackendPolicy,
  RESOURCES.healthCheckPolicy,
] as const;

/** Objects that bear the rollout's intent, and node pools with its label. */
export const madeBy = (cloud: SimulatedCloud, rolloutId: string): readonly string[] => {
  const kube = cloud.world.kube(CLUSTER);
  const objects = CREATED_KINDS.flatMap((resource) => kube?.all(resource) ?? [])
    .filter(({ metadata }) => metadata.annotations?.['sluice.dev/intent'] === rolloutId)
    .map(({ kind, metadata }) => `${kind} ${metadata.name}`);
  const pools = (cloud.world.truth().nodePools[CLUSTER] ?? [])
    .filter(({ config }) => config.resourceLabels?.['sluice-rollout'] === rolloutId)
    .map(({ name }) => `nodePool ${name}`);
  return [...objects, ...pools].toSorted();
};

export interface End {
  readonly state: string;
  /** Short and stable; null where it was promoted. */
  readonly reason: string | null;
  readonly backendRefs: readonly Ref[] | null;
}

export const endOf = (cloud: SimulatedCloud, rolloutId = ROLLOUT): End => {
  const { state, context } = readState(documentOf(cloud, rolloutId));
  return { state, reason: context.ending?.reason ?? null, backendRefs: backendRefs(cloud) };
};

/** Log lines that only a fault of the program leaves. */
const faults = (cloud: SimulatedCloud): readonly string[] =>
  cloud.log
    .filter(
      ({ code, message }) =>
        code === 'unexpected' || code === 'api-failed' || /^\w*Error\b|\n\s+at /.test(message),
    )
    .map(({ code, message }) => `${code}: ${message}`);

/**
 * What holds at every end: the journal leads there, nothing is left to do, no lock is held, what the rollout made is
 * gone or named by a leftover record, nothing was thrown, and the alarm outside stayed silent unless told otherwise.
 */
export const expectOrderlyEnd = (
  cloud: SimulatedCloud,
  rolloutId = ROLLOUT,
  { alarms = 0 }: { readonly alarms?: number } = {},
): void => {
  const { truth } = cloud.store;
  const document = documentOf(cloud, rolloutId);
  const { state } = document;
  const { context } = readState(document);
  expect(replay(document, journalOf(cloud, rolloutId))).toMatchObject({ kind: 'matches' });
  expect(context.ending === null).toBe(state === 'promoted');
  expect(context.ending?.sentence).not.toBe('');
  expect({ timers: document.timers, outbox: document.outbox }).toEqual({ timers: [], outbox: [] });
  expect([...truth.locks].filter(([, holder]) => holder === rolloutId)).toEqual([]);
  const leftovers = [...truth.leftovers.values()].filter((leftover) => leftover.rolloutId === rolloutId);
  const named = leftovers.map(({ byHand }) => byHand).join('; ');
  const unsaid = madeBy(cloud, rolloutId).filter((made) => !named.includes(made.split(' ')[1] ?? made));
  if (state !== 'promoted') expect(unsaid).toEqual([]);
  expect(faults(cloud)).toEqual([]);
  expect(cloud.platform.deadLetters).toEqual([]);
  expect(cloud.world.truth().alarms.filter((alarm) => alarm.split)).toHaveLength(alarms);
};
