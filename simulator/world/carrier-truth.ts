import type { KubeObject, KubeResource } from '../../workflows/kubernetes.ts';
import type { Backend, Backends } from './backends.ts';
import type { Cluster } from './cluster.ts';
import type { Caller, WriteRecord } from './kubernetes/types.ts';
import { nameRules, type Rewrites, type Target } from './rewrites.ts';
import { tallied } from './tally.ts';

interface Seen {
  readonly rewrites: Rewrites;
  readonly backends: Backends;
  readonly nowMs: number;
}

/** One accepted write to an InferenceModelRewrite or InferenceModel that changed more than its status. */
export interface CarrierWrite {
  readonly atMs: number;
  readonly cluster: string;
  readonly resource: KubeResource;
  readonly caller: Caller;
  readonly verb: WriteRecord['verb'];
  readonly before: KubeObject | null;
  readonly after: KubeObject | null;
}

/** A name in one object: what is stored and what the pool's pickers obey. */
export interface CarrierTruth {
  readonly cluster: string;
  readonly namespace: string;
  readonly kind: string;
  readonly name: string;
  readonly pool: string;
  /** null: any name. */
  readonly asked: string | null;
  /** Weights by target. */
  readonly stored: Readonly<Record<string, number>>;
  /** For this name, whichever object they follow; null: it passes unchanged. */
  readonly obeyed: Readonly<Record<string, number>> | null;
  /** Part of this name's requests to the pool over the last minute, percent by target; null where nothing was sent. */
  readonly measuredPercent: Readonly<Record<string, number>> | null;
}

export const weightsOf = (targets: readonly Target[]): Readonly<Record<string, number>> => {
  const weights: Record<string, number> = {};
  for (const { name, weight } of targets) weights[name] = (weights[name] ?? 0) + weight;
  return weights;
};

const MEASURED_MS = 60_000;

function measured(
  pool: Backend | undefined,
  asked: string,
  nowMs: number,
): Readonly<Record<string, number>> | null {
  const sent = [...(pool?.names.values() ?? [])]
    .filter((one) => one.asked === asked)
    .map(({ target, recent }) => ({
      target,
      requests: tallied(recent, nowMs - MEASURED_MS, nowMs).requests,
    }));
  const all = sent.reduce((sum, { requests }) => sum + requests, 0);
  if (all === 0) return null;
  return Object.fromEntries(sent.map(({ target, requests }) => [target, (100 * requests) / all]));
}

const poolIn = (
  backends: Backends,
  cluster: Cluster,
  { namespace, pool }: { readonly namespace: string; readonly pool: string },
): Backend | undefined => {
  for (const backend of backends.all())
    if (backend.cluster === cluster && backend.namespace === namespace && backend.name === pool)
      return backend;
  return undefined;
};

/** All names of a cluster that some object gives targets. */
export function carrierTruths(
  cluster: Cluster,
  { rewrites, backends, nowMs }: Seen,
): readonly CarrierTruth[] {
  return nameRules(cluster).flatMap(({ resource, namespace, object, pool, asked, targets }) =>
    (asked.length === 0 ? [null] : asked).map((name) => {
      const obeyed = rewrites.targetsOf(cluster, namespace, pool, name ?? '');
      return {
        cluster: cluster.name,
        namespace,
        kind: resource.kind,
        name: object,
        pool,
        asked: name,
        stored: weightsOf(targets),
        obeyed: obeyed === null ? null : weightsOf(obeyed),
        measuredPercent:
          name === null ? null : measured(poolIn(backends, cluster, { namespace, pool }), name, nowMs),
      };
    }),
  );
}

/** The part of a name's requests that its weights give to a target, percent; 0 where it is none. */
export function percentOf(weights: Readonly<Record<string, number>> | null, target: string): number {
  const all = Object.values(weights ?? {}).reduce((sum, weight) => sum + weight, 0);
  return all === 0 ? 0 : (100 * (weights?.[target] ?? 0)) / all;
}
