import { createHash } from 'node:crypto';
import type { Order, OrderOfAdapter } from '../seen.ts';
import type { Trial, TrialOrder, TrialStack } from '../trial.ts';
import { carrierOf, carrierResource, namesOf, poolsOf, reachedPools, syncerOf } from './adapter-stack.ts';
import { CLUSTER_NAMES, policyOf, retireOf, typeOf, windowOf } from './rollout-text.ts';
import { adaptersOf, EXAMPLE, namespaceOf, SECOND_ROUTE, stackObjects } from './stack-objects.ts';

/** Shared by both sides, or there for its own sake. */
const SHARED = new Set([
  'HTTPRoute',
  'Gateway',
  'InferenceObjective',
  'InferenceModel',
  'InferenceModelRewrite',
  'Role',
]);

const oldObjects = (stack: TrialStack, index: number): Order['oldObjects'] =>
  stackObjects({ ...stack, newSideThere: false, neighbour: false }, index)
    .filter(({ kind, metadata }) => !SHARED.has(kind) && isOfFirstPool(stack, metadata.name))
    .map(({ kind, metadata }) => ({ kind, name: metadata.name }));

/** The second pool of a stack of adapters stays, whatever becomes of the first. */
const isOfFirstPool = (stack: TrialStack, name: string): boolean =>
  stack.type !== 'adapter' ||
  !poolsOf(adaptersOf(stack))
    .slice(1)
    .some((pool) => name.includes(pool));

/** The annotation that says whose decision a name's weights are: of each name its own, where one object may hold several. */
const fenceOf = (alias: string): string =>
  `sluice.dev/fence-${createHash('sha256').update(alias).digest('hex').slice(0, 8)}`;

const adapterOf = (
  stack: TrialStack,
  { alias, load }: NonNullable<TrialOrder['adapter']>,
): OrderOfAdapter => {
  const adapters = adaptersOf(stack);
  const names = namesOf(adapters, alias);
  const { plural, group } = carrierResource(adapters);
  const pools = reachedPools(adapters);
  return {
    alias: names.alias,
    from: names.from,
    to: names.to,
    pools,
    fence: fenceOf(names.alias),
    resource: `${plural}.${group}`,
    carriers: pools.flatMap((pool) => carrierOf(adapters, alias, pool)?.name ?? []),
    syncers: pools.map(syncerOf),
    load,
  };
};

/** Time that a trial's stacks let connections drain: their backend policies say so. */
const DRAIN_MS = 120_000;

/** What an order asks for, in the checkers' words. */
export const orderOf = (
  trial: Trial,
  order: TrialOrder,
  told: {
    readonly requestId: string;
    readonly rolloutId: string | null;
    readonly startMs: number;
    /** Names of carriers that bear the rollout's intent. */
    readonly carriers: readonly string[];
  },
): Order => {
  const stack = trial.stacks[order.stack];
  if (stack === undefined) throw new RangeError(`there is no stack ${order.stack}`);
  const { oldPool, newPool, route } = EXAMPLE[stack.type];
  const about = order.adapter === undefined ? null : adapterOf(stack, order.adapter);
  const window = windowOf(order, told.startMs);
  return {
    requestId: told.requestId,
    rolloutId: told.rolloutId,
    cluster: CLUSTER_NAMES[stack.cluster],
    namespace: namespaceOf(order.stack),
    type: typeOf(stack, order),
    source: stack.newSideThere ? 'existing' : 'manifests',
    oldPool: about?.from ?? oldPool,
    newPool: about?.to ?? newPool,
    oldReplicas: stack.replicas * (about?.pools.length ?? 1),
    newReplicas: stack.replicas * (about?.pools.length ?? 1),
    routes:
      about === null
        ? stack.secondRoute
          ? [route, SECOND_ROUTE]
          : [route]
        : [...new Set([...about.carriers, ...told.carriers])],
    oldObjects: about === null ? oldObjects(stack, order.stack) : [],
    ...(about === null ? {} : { adapter: about }),
    ladder: order.ladder.map(({ share, bakeMs, approval }) => ({ sharePercent: share, bakeMs, approval })),
    settleMs: order.settleMs,
    errorRatioMax: 0.01,
    errorSamplesMin: order.errorSamplesMin,
    floorPercent: order.floorPercent,
    onHoldForMs: order.onHoldForMs,
    retentionMs: order.retentionMs,
    retire: retireOf(order),
    drainMs: DRAIN_MS,
    policies: [policyOf(order.stack)],
    windows:
      window === null
        ? []
        : [0, 1, 2, 3].map((day) => ({
            fromMs: window.fromMs + day * 86_400_000,
            toMs: window.toMs + day * 86_400_000,
          })),
  };
};
