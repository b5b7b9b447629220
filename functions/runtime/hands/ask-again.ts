import type { NoAnswer, Ports } from '../../../workflows/ports.ts';

const TRIES_MAX = 3;

const again = async <T extends { readonly kind: string }>(
  call: () => Promise<T | NoAnswer>,
): Promise<T | NoAnswer> => {
  let answer = await call();
  for (let tries = 1; tries < TRIES_MAX && answer.kind === 'noAnswer'; tries += 1) answer = await call();
  return answer;
};

/**
 * Ports for a round of many reads: a call without an answer is made again, at once and a bounded number of times, so
 * that one lost packet does not throw the whole round away. Only for calls that change nothing (reads, reviews, dry runs).
 */
export const askingAgain = (ports: Ports): Ports => ({
  ...ports,
  kubernetes: {
    discover: (call) => again(() => ports.kubernetes.discover(call)),
    get: (call) => again(() => ports.kubernetes.get(call)),
    list: (call) => again(() => ports.kubernetes.list(call)),
    create: (call) => again(() => ports.kubernetes.create(call)),
    jsonPatch: (call) => again(() => ports.kubernetes.jsonPatch(call)),
    delete: (call) => ports.kubernetes.delete(call),
  },
  gke: { ...ports.gke, listNodePools: (call) => again(() => ports.gke.listNodePools(call)) },
  monitoring: {
    ...ports.monitoring,
    openIncidents: (call) => again(() => ports.monitoring.openIncidents(call)),
  },
});
