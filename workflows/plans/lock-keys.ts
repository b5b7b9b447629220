/**
 * What a rollout locks (protocol P6), by canonical cluster name. The key of a pool is the document's `poolKey`, for the
 * old and for the new pool alike: a rollout whose new pool is another one's old pool meets it here.
 *
 * Rollouts of adapters share a pool among themselves, one for each name that clients ask for; but not with a rollout of
 * the pool itself. A lock belongs to one rollout, so each pool has slots: who wants the pool takes all of them, an
 * adapter one. Two names that fall on one slot wait for each other, which is rare and harms nobody.
 */
import { sha256Hex } from '../spec/canonical.ts';
import type { RolloutSpec } from '../spec/rollout-spec.ts';

export const poolLockKey = (cluster: string, namespace: string, pool: string): string =>
  `${cluster}/${namespace}/${pool}`;

export const routeLockKey = (cluster: string, namespace: string, route: string): string =>
  `${cluster}/${namespace}/httproutes/${route}`;

export const nodePoolLockKey = (cluster: string, nodePool: string): string =>
  `${cluster}/nodePools/${nodePool}`;

const SLOTS = 16;

const slotKey = (poolKey: string, slot: number): string => `${poolKey}/slots/${slot}`;

/** All slots of a pool: no rollout of an adapter in it meanwhile. */
export const slotLockKeys = (poolKey: string): readonly string[] =>
  Array.from({ length: SLOTS }, (_, slot) => slotKey(poolKey, slot));

const adapterKey = (poolKey: string, alias: string): string => `${poolKey}/adapters/${alias}`;

/**
 * What a rollout of an adapter locks in one pool: the clients' name, its slot, and both versions, which must not be loaded
 * or unloaded by a rollout of another name.
 */
export const adapterLockKeys = (
  poolKey: string,
  adapter: NonNullable<RolloutSpec['adapter']>,
): readonly string[] => [
  adapterKey(poolKey, adapter.alias),
  slotKey(poolKey, Number.parseInt(sha256Hex(adapter.alias).slice(0, 8), 16) % SLOTS),
  ...[adapter.from, adapter.to.name].map((version) => `${poolKey}/versions/${version}`),
];

/** The document's `poolKey`: what is locked from the start, and what two rollouts queue for. */
export const poolKeyOf = ({ cluster, namespace, from, adapter }: RolloutSpec): string => {
  const poolKey = poolLockKey(cluster, namespace, from.pool);
  return adapter === null ? poolKey : adapterKey(poolKey, adapter.alias);
};
