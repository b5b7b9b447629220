/**
 * One look at both sides: one list of pods and one scrape of all that run. Runs every few seconds while traffic is
 * split, so it reads each pod once and copies nothing.
 */
import { type KubeObject, RESOURCES } from '../../workflows/kubernetes.ts';
import { at, conditionOf, itemsOf, numberAt, textAt } from '../../workflows/plans/fields.ts';
import type { AdapterPlan, SidePlan } from '../../workflows/plans/plan.ts';
import type { PodTarget, Ports, ScrapeResult } from '../../workflows/ports.ts';
import type {
  Look,
  PickerObservation,
  PodCounters,
  PodObservation,
  ProbeObservation,
  Side,
} from '../../workflows/steps/observation.ts';
import { ADAPTER_FAMILIES, podCounters } from '../../workflows/steps/pod-metrics.ts';
import { DURATION_FAMILIES, targetDurations } from '../../workflows/steps/target-durations.ts';
import { all } from './all.ts';
import { probeAdapter } from './probe-adapter.ts';

/** No answer within this is no answer. */
const SCRAPE_TIMEOUT_MS = 3000;

export interface LookCall {
  readonly cluster: string;
  readonly namespace: string;
  readonly old: SidePlan;
  readonly new: SidePlan;
  /** LOOK_FAMILIES, or MINUTE_FAMILIES once a minute. */
  readonly families: readonly string[];
  /** In a rollout of an adapter: both versions by name, and every pool that serves them. Its pods count as the new side's. */
  readonly adapter?: Pick<AdapterPlan, 'from' | 'to' | 'pools'>;
  /** The alias whose durations the pickers are asked for: once a minute, and only where they can be read. */
  readonly durationsOf?: string;
  /** Time of the look: the caller's. */
  readonly atMs: number;
}

type Labels = Readonly<Record<string, string>>;

/** What is read of a Pod (core/v1); the rest is carried along unread. */
interface PodFields {
  readonly spec?: { readonly containers?: unknown } | null;
  readonly status?: {
    readonly phase?: unknown;
    readonly conditions?: unknown;
    readonly containerStatuses?: unknown;
  } | null;
}

const matches = (labels: Labels, selector: Labels): boolean => {
  let isEmpty = true;
  for (const key in selector) {
    isEmpty = false;
    if (labels[key] !== selector[key]) return false;
  }
  // An empty selector would take every pod of the namespace.
  return !isEmpty;
};

/** Restarts of the container that serves `port`: a sidecar's restart takes no request along. All where none declares it. */
const restartsOf = (pod: KubeObject & PodFields, port: number): number => {
  const statuses = itemsOf(pod.status?.containerStatuses);
  if (statuses.length > 1) {
    const server = itemsOf(pod.spec?.containers).find((container) =>
      itemsOf(at(container, 'ports')).some((declared) => at(declared, 'containerPort') === port),
    );
    const name = textAt(server, 'name');
    const status = statuses.find((one) => name !== null && textAt(one, 'name') === name);
    if (status !== undefined) return restartCountOf(status);
  }
  let restarts = 0;
  for (const status of statuses) restarts += restartCountOf(status);
  return restarts;
};

const restartCountOf = (status: unknown): number => {
  const count = numberAt(status, 'restartCount') ?? 0;
  return Number.isSafeInteger(count) && count >= 0 ? count : 0;
};

const isReady = (pod: KubeObject & PodFields): boolean => {
  if (pod.metadata.deletionTimestamp !== undefined) return false;
  return textAt(conditionOf(pod.status?.conditions, 'Ready'), 'status') === 'True';
};

/** What is kept of a pod while its metrics are asked for: lists of Pods are large, and many looks are under way at once. */
interface Seen extends Pick<PodObservation, 'uid' | 'name' | 'side' | 'ready' | 'terminating' | 'restarts'> {
  readonly isPicker: boolean;
  /** Of a picker its metrics port; null where it declares none. */
  readonly port: number | null;
  /** Index among the targets of the scrape; -1 where it is not asked. */
  readonly target: number;
}

type Part = readonly [side: Side, plan: SidePlan];

const partsOf = (call: LookCall): readonly Part[] =>
  call.adapter === undefined
    ? [
        ['new', call.new],
        ['old', call.old],
      ]
    : call.adapter.pools.map((pool): Part => ['new', pool]);

const roleOf = (
  labels: Labels,
  parts: readonly Part[],
): { side: Side; isPicker: boolean; port: number | null } | null => {
  for (const [side, plan] of parts) {
    if (matches(labels, plan.selector)) return { side, isPicker: false, port: plan.port };
    if (plan.picker !== null && matches(labels, plan.picker.selector))
      return { side, isPicker: true, port: plan.picker.metricsPort };
  }
  return null;
};

/** Pods of both sides in the order of the list. One that ended (evicted, completed) is gone, though it is still listed. */
const sortOut = (
  items: readonly KubeObject[],
  parts: readonly Part[],
): { seen: Seen[]; targets: PodTarget[] } => {
  const seen: Seen[] = [];
  const targets: PodTarget[] = [];
  for (const item of items) {
    const { labels } = item.metadata;
    const role = labels === undefined ? null : roleOf(labels, parts);
    if (role === null) continue;
    const pod = item as KubeObject & PodFields;
    const phase = pod.status?.phase;
    if (phase === 'Failed' || phase === 'Succeeded') continue;
    const { side, isPicker, port } = role;
    // Not ready ones are asked too: one that was ready a moment ago may still serve, and its counters count.
    const isAsked = phase === 'Running' && port !== null;
    if (isAsked) targets.push({ pod: item.metadata.name, port });
    seen.push({
      uid: item.metadata.uid ?? item.metadata.name,
      name: item.metadata.name,
      side,
      isPicker,
      port,
      ready: isReady(pod),
      terminating: item.metadata.deletionTimestamp !== undefined,
      restarts: isPicker || port === null ? 0 : restartsOf(pod, port),
      target: isAsked ? targets.length - 1 : -1,
    });
  }
  return { seen, targets };
};

const countersOf = (result: ScrapeResult | undefined): PodCounters | null =>
  result?.kind === 'answered' && result.status === 200 ? podCounters(result.samples) : null;

const podOf = (one: Seen, result: ScrapeResult | undefined): PodObservation => ({
  uid: one.uid,
  name: one.name,
  side: one.side,
  ready: one.ready,
  terminating: one.terminating,
  restarts: one.restarts,
  answered: result?.kind === 'answered',
  counters: countersOf(result),
});

const pickerOf = (
  one: Seen,
  result: ScrapeResult | undefined,
  { adapter, durationsOf }: LookCall,
): PickerObservation => {
  const targets =
    adapter === undefined || durationsOf === undefined || result?.kind !== 'answered' || result.status !== 200
      ? null
      : targetDurations(result.samples, { alias: durationsOf, from: adapter.from, to: adapter.to });
  return {
    uid: one.uid,
    name: one.name,
    side: one.side,
    ready: one.ready,
    answered: one.port === null ? null : result?.kind === 'answered',
    ...(targets === null ? {} : { targets }),
  };
};

/** A function of its own: the list must not outlive it. null: no answer. */
const listPods = async (
  ports: Pick<Ports, 'kubernetes'>,
  call: LookCall,
): Promise<ReturnType<typeof sortOut> | null> => {
  const { cluster, namespace } = call;
  const answer = await ports.kubernetes.list({
    cluster,
    namespace,
    resource: RESOURCES.pod,
    recent: true,
  });
  return answer.kind === 'noAnswer' || answer.object === undefined
    ? null
    : sortOut(answer.object.items, partsOf(call));
};

/** Ready model servers. */
const probeAll = (
  ports: Pick<Ports, 'models'>,
  { cluster, namespace, adapter }: LookCall,
  seen: readonly Seen[],
): Promise<readonly ProbeObservation[] | null> => {
  if (adapter === undefined) return Promise.resolve(null);
  const pods = seen.flatMap(({ uid, name, isPicker, ready, port }) =>
    isPicker || !ready || port === null ? [] : [{ uid, pod: name, port }],
  );
  return probeAdapter(ports, { cluster, namespace, adapter, pods });
};

const scrape = async (
  ports: Pick<Ports, 'models'>,
  { cluster, namespace, families, adapter, durationsOf }: LookCall,
  targets: readonly PodTarget[],
): Promise<readonly ScrapeResult[]> =>
  targets.length === 0
    ? []
    : ports.models.scrape({
        cluster,
        namespace,
        targets,
        families: [
          ...families,
          ...(adapter === undefined ? [] : ADAPTER_FAMILIES),
          ...(durationsOf === undefined ? [] : DURATION_FAMILIES),
        ],
        timeoutMs: SCRAPE_TIMEOUT_MS,
      });

/**
 * Looks once. `unreachable`: the API server gave no list; the look is then empty, which no gate takes as evidence.
 * Awaits two port calls, one after the other; probes of an adapter go out with the second.
 */
export const takeLook = async (
  ports: Pick<Ports, 'kubernetes' | 'models'>,
  call: LookCall,
): Promise<{ readonly look: Look; readonly unreachable: boolean }> => {
  const { atMs } = call;
  const listed = await listPods(ports, call);
  if (listed === null) return { look: { atMs, pods: [], pickers: [] }, unreachable: true };
  const { seen, targets } = listed;
  const [results, probes] = await all([scrape(ports, call, targets), probeAll(ports, call, seen)]);
  const pods: PodObservation[] = [];
  const pickers: PickerObservation[] = [];
  for (const one of seen) {
    const result = one.target < 0 ? undefined : results[one.target];
    if (one.isPicker) pickers.push(pickerOf(one, result, call));
    else pods.push(podOf(one, result));
  }
  return { look: { atMs, pods, pickers, ...(probes === null ? {} : { probes }) }, unreachable: false };
};
