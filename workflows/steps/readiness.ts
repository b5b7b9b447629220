/** How many pods serve, and what share that can carry. */
import type { KubeObject } from '../kubernetes.ts';
import { isPodReady } from '../plans/inference-pool.ts';

/** Pods whose Ready condition is True and that nobody is deleting: a terminating server still answers health checks. */
export const readyCount = (pods: readonly KubeObject[]): number => {
  let count = 0;
  for (const pod of pods) if (isPodReady(pod)) count += 1;
  return count;
};

/** Share that ready pods can carry, percent: `replicas` at a share of 100 is the unit. Never above 100. */
export const shareCapacityPercent = (ready: number, replicas: number): number => {
  if (ready <= 0) return 0;
  return ready >= replicas ? 100 : (ready * 100) / replicas;
};

/** Is a share within what the ready pods can carry? Computed without rounding a quotient. */
export const canCarry = (ready: number, replicas: number, sharePercent: number): boolean =>
  sharePercent <= 0 || (ready > 0 && sharePercent * replicas <= ready * 100 + 1e-6);

/** Pods that a floor asks for, at least one. */
export const floorCount = (replicas: number, floorPercent: number): number =>
  Math.max(1, Math.ceil((replicas * floorPercent) / 100 - 1e-9));
