import type { GkeAnswer, KubeAnswer, NoAnswer, Ports } from '../../../workflows/ports.ts';
import { isPassing } from './gke-answers.ts';
import { isTransient } from './kube-answers.ts';

const TRIES_MAX = 3;
/** A server that says "not now" is given this long; one that said nothing has taken its time already. */
const PAUSE_MS = 1_000;

interface Asking<T extends { readonly kind: string }> {
  readonly call: () => Promise<T | NoAnswer>;
  readonly isNotNow: (answer: T) => boolean;
}

const again = async <T extends { readonly kind: string }>(
  ports: Ports,
  { call, isNotNow }: Asking<T>,
): Promise<T | NoAnswer> => {
  for (let tries = 1; ; tries += 1) {
    const answer = await call();
    const isSilent = answer.kind === 'noAnswer';
    if (tries === TRIES_MAX || (!isSilent && !isNotNow(answer as T))) return answer;
    if (!isSilent) await ports.time.wait({ ms: PAUSE_MS });
  }
};

const isBusy = <T>(answer: KubeAnswer<T>): boolean => isTransient(answer);
const isGkeBusy = <T>(answer: GkeAnswer<T>): boolean => answer.kind === 'error' && isPassing(answer.code);
const never = (): boolean => false;

/**
 * Ports for a round of many reads: a call without an answer, or whose server is too busy, is made again, a bounded
 * number of times, so that one lost packet or one 429 does not throw the whole round away. Only for calls that change
 * nothing (reads, reviews, dry runs).
 */
export const askingAgain = (ports: Ports): Ports => {
  const { kubernetes, gke, monitoring } = ports;
  return {
    ...ports,
    kubernetes: {
      discover: (call) => again(ports, { call: () => kubernetes.discover(call), isNotNow: isBusy }),
      get: (call) => again(ports, { call: () => kubernetes.get(call), isNotNow: isBusy }),
      list: (call) => again(ports, { call: () => kubernetes.list(call), isNotNow: isBusy }),
      create: (call) => again(ports, { call: () => kubernetes.create(call), isNotNow: isBusy }),
      jsonPatch: (call) => again(ports, { call: () => kubernetes.jsonPatch(call), isNotNow: isBusy }),
      delete: (call) => kubernetes.delete(call),
    },
    gke: {
      ...gke,
      listNodePools: (call) => again(ports, { call: () => gke.listNodePools(call), isNotNow: isGkeBusy }),
    },
    monitoring: {
      ...monitoring,
      openIncidents: (call) => again(ports, { call: () => monitoring.openIncidents(call), isNotNow: never }),
    },
  };
};
