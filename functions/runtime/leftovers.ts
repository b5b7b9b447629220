import type { Leftover } from '../../workflows/rollout/stored.ts';
import type { Shell } from './shell.ts';

/** A failed attempt is repeated after this. */
const RETRY_MS = 10 * 60_000;

/** Deletes the node pools whose time has come; each attempt is recorded before its call (protocol P6). */
export const removeDueLeftovers = async (shell: Shell): Promise<void> => {
  const { leftovers, readAtMs } = await shell.ports.store.leftovers({ dueOnly: true });
  for (const leftover of leftovers) {
    if (leftover.kind !== 'nodePool') continue;
    if (leftover.attemptedAtMs !== null && readAtMs - leftover.attemptedAtMs < RETRY_MS) continue;
    await removeNodePool(shell, leftover, readAtMs);
  }
};

const removeNodePool = async (shell: Shell, leftover: Leftover, nowMs: number): Promise<void> => {
  const { store, gke } = shell.ports;
  const found = await gke.getNodePool({ cluster: leftover.cluster, nodePool: leftover.name });
  if (found.kind === 'error' && found.code === 'NOT_FOUND') {
    await store.putLeftover({ id: leftover.id, leftover: null });
    return;
  }
  // Whoever took the pool over took our label away.
  if (found.kind !== 'ok') return;
  if (found.value.config.resourceLabels?.['sluice-rollout'] !== leftover.rolloutId) {
    await store.putLeftover({ id: leftover.id, leftover: null });
    return;
  }
  await store.putLeftover({ id: leftover.id, leftover: { ...leftover, attemptedAtMs: nowMs } });
  await gke.deleteNodePool({ cluster: leftover.cluster, nodePool: leftover.name });
};
