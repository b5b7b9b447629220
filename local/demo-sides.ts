/**
 * The two sides of a rollout as a demo counts and shows them: two pools, or two versions of an adapter in the pools that
 * serve it.
 */
import { percentOf } from '../simulator/world/carrier-truth.ts';
import type { PoolTruth, Truth } from '../simulator/world/truth.ts';
import type { RolloutSpec } from '../workflows/spec/rollout-spec.ts';
import type { RouteName } from './scenarios.ts';

export interface DemoSides {
  readonly cluster: string;
  readonly namespace: string;
  /** Names of pools, or of versions. */
  readonly old: string;
  readonly new: string;
  /** Of an adapter: the name that clients ask for. */
  readonly asked: string | null;
  /** The pool of the old side. */
  readonly pool: string;
}

export const sidesOfSpec = ({ cluster, namespace, from, to, adapter }: RolloutSpec): DemoSides => ({
  cluster,
  namespace,
  pool: from.pool,
  ...(adapter === null
    ? { old: from.pool, new: to.pool, asked: null }
    : { old: adapter.from, new: adapter.to.name, asked: adapter.alias }),
});

const poolsOf = (truth: Truth, { cluster, namespace }: DemoSides): readonly PoolTruth[] =>
  truth.pools.filter((pool) => pool.cluster === cluster && pool.namespace === namespace);

/** Requests that each side got since the world began. */
export const requestsBySide = (
  truth: Truth,
  sides: DemoSides,
): { readonly old: number; readonly new: number } => {
  const pools = poolsOf(truth, sides);
  const { asked } = sides;
  const of = (name: string): number =>
    asked === null
      ? (pools.find((pool) => pool.name === name)?.total ?? 0)
      : pools
          .flatMap(({ names }) => names)
          .filter((one) => one.asked === asked && one.target === name)
          .reduce((sum, { requests }) => sum + requests, 0);
  return { old: of(sides.old), new: of(sides.new) };
};

/** The new side's part of the traffic, percent: as it is obeyed, and as it was measured over the last minute. */
export interface SharesNow {
  readonly programmedPercent: number | null;
  readonly measuredPercent: number | null;
}

export const sharesNow = (truth: Truth, sides: DemoSides, route: RouteName): SharesNow =>
  sides.asked === null ? sharesOfRoute(truth, sides, route) : sharesOfName(truth, sides);

const sharesOfRoute = (
  truth: Truth,
  { cluster, old, new: fresh }: DemoSides,
  route: RouteName,
): SharesNow => {
  const rule = truth.routes
    .find((one) => one.cluster === cluster && one.namespace === route.namespace && one.name === route.name)
    ?.rules.find(({ stored }) => old in stored || fresh in stored);
  if (rule === undefined) return { programmedPercent: null, measuredPercent: null };
  const both = { [old]: rule.programmed[old] ?? 0, [fresh]: rule.programmed[fresh] ?? 0 };
  return {
    programmedPercent: percentOf(both, fresh),
    measuredPercent: rule.measuredPercent?.[fresh] ?? null,
  };
};

/** Of the first object that gives the name its targets: those of other pools have the same weights. */
const sharesOfName = (truth: Truth, sides: DemoSides): SharesNow => {
  const { cluster, namespace, asked } = sides;
  const carrier = truth.carriers.find(
    (one) => one.cluster === cluster && one.namespace === namespace && one.asked === asked,
  );
  return {
    programmedPercent: carrier === undefined ? null : partOf(carrier.obeyed ?? {}, sides),
    measuredPercent: carrier === undefined ? null : partOf(carrier.measuredPercent ?? {}, sides),
  };
};

/** The new side's part of both; null where neither has any. */
const partOf = (figures: Readonly<Record<string, number>>, { old, new: fresh }: DemoSides): number | null => {
  const both = { [old]: figures[old] ?? 0, [fresh]: figures[fresh] ?? 0 };
  return both[old] === 0 && both[fresh] === 0 ? null : percentOf(both, fresh);
};

/** Pods of a side: those in rotation that serve it, and all. */
export const podsOfSide = (
  truth: Truth,
  sides: DemoSides,
  side: 'old' | 'new',
): { readonly ready: number; readonly pods: number } => {
  const found = poolsOf(truth, sides).find(
    ({ name }) => name === (sides.asked === null ? sides[side] : sides.pool),
  );
  if (found === undefined) return { ready: 0, pods: 0 };
  if (sides.asked === null) return { ready: found.inRotation, pods: found.pods };
  const serving = truth.pods.filter(
    (pod) =>
      pod.cluster === sides.cluster &&
      pod.namespace === sides.namespace &&
      pod.ready &&
      sides[side] in pod.adapters,
  );
  return { ready: Math.min(serving.length, found.pods), pods: found.pods };
};
