/** What still needs a side that is to be deleted: gateways that send to it, requests that run on it (protocol P6, I13). */
import { must } from '../../../workflows/assert.ts';
import { type KubeObject, type ObjectIdentity, RESOURCES } from '../../../workflows/kubernetes.ts';
import { finding } from '../../../workflows/plans/findings.ts';
import type { Finding, Plan } from '../../../workflows/plans/plan.ts';
import type { PodTarget, Ports } from '../../../workflows/ports.ts';
import { titleOf } from '../../../workflows/steps/carrier.ts';
import { confirmation } from '../../../workflows/steps/gateway-status.ts';
import type { PodCounters } from '../../../workflows/steps/observation.ts';
import { LOOK_FAMILIES, podCounters } from '../../../workflows/steps/pod-metrics.ts';
import { all } from '../all.ts';
import type { Job } from './hand.ts';
import { sayKubeAnswer } from './kube-answers.ts';
import { labelSelectorOf } from './label-selector.ts';
import { readRoute } from './route-io.ts';

export type DeleteJob = Job<Extract<Job['effect'], { kind: 'deleteObjects' }>>;

export type MayDelete =
  | { readonly kind: 'yes' }
  | { readonly kind: 'notYet'; readonly why: string }
  /** Waited for long enough: it stays, and a person is told. */
  | { readonly kind: 'no'; readonly finding: Finding };

const YES: MayDelete = { kind: 'yes' };

const SCRAPE_TIMEOUT_MS = 5_000;

/** Longer than any load balancer lets a request run that drained before this began. */
const IDLE_WAIT_MS_MIN = 300_000;

/** How long new requests are looked for on pods that never become idle. */
const ARRIVALS_MS = 10_000;

/** Pods go only when idle, or past the drain deadline and without new requests. */
export const mayDelete = async (
  ports: Ports,
  plan: Plan,
  job: DeleteJob,
  identities: readonly ObjectIdentity[],
): Promise<MayDelete> => {
  const { side } = job.effect;
  if (side === 'new' && job.trafficSinceMs === null) return YES;
  const isOver = job.nowMs - job.sinceMs >= Math.max(plan.drainMs, IDLE_WAIT_MS_MIN);
  // A rollback does not wait for a silent gateway, but what it may still send to is left to a person.
  const sends = side === 'new' ? await maySend(ports, plan) : null;
  if (sends !== null) return isOver ? no(plan, side, sends) : { kind: 'notYet', why: sends };
  if (!identities.some((identity) => identity.kind === RESOURCES.deployment.kind)) return YES;
  const targets = await targetsOf(ports, plan, side);
  if (typeof targets === 'string') return isOver ? YES : { kind: 'notYet', why: targets };
  const busy = whyBusy(targets, await countersOf(ports, plan, targets));
  if (busy === null) return YES;
  if (!isOver) return { kind: 'notYet', why: busy };
  const arrivals = await arrivalsOf(ports, plan, targets);
  return arrivals === 0
    ? YES
    : no(plan, side, `It still gets requests: ${arrivals} within ${ARRIVALS_MS / 1000} s.`);
};

const no = (plan: Plan, side: 'old' | 'new', what: string): MayDelete => ({
  kind: 'no',
  finding: finding('still-referenced', `InferencePool ${plan.namespace}/${plan[side].pool}`, what),
});

/** Null when every gateway has confirmed that nothing goes to the new side any more. */
const maySend = async (ports: Ports, plan: Plan): Promise<string | null> => {
  const reads = await all(plan.routes.map((route) => readRoute(ports, plan, route)));
  for (const [index, read] of reads.entries()) {
    const route = must(plan.routes[index], 'route of a read');
    if (read.kind === 'gone') continue;
    if (read.kind !== 'ok') return `${titleOf(route)} cannot be read: ${read.kind}.`;
    const said = confirmation(read.object, route);
    if (said.kind !== 'confirmed')
      return `It may still get traffic: ${said.kind === 'waiting' ? said.reason : said.message}.`;
  }
  return null;
};

const targetsOf = async (
  ports: Ports,
  plan: Plan,
  side: 'old' | 'new',
): Promise<readonly PodTarget[] | string> => {
  const { selector, port } = plan[side];
  const listed = await ports.kubernetes.list({
    cluster: plan.cluster,
    resource: RESOURCES.pod,
    namespace: plan.namespace,
    labelSelector: labelSelectorOf(selector),
  });
  if (listed.kind === 'noAnswer' || listed.object === undefined) return `pods: ${sayKubeAnswer(listed)}`;
  return listed.object.items.filter(isRunning).map((pod) => ({ pod: pod.metadata.name, port }));
};

/** A pod that is going, or never started, holds no request that we could save. */
const isRunning = (pod: KubeObject): boolean => {
  const phase = (pod['status'] as { readonly phase?: string } | undefined)?.phase;
  return pod.metadata.deletionTimestamp === undefined && (phase === undefined || phase === 'Running');
};

const countersOf = async (
  ports: Ports,
  plan: Plan,
  targets: readonly PodTarget[],
): Promise<readonly (PodCounters | null)[]> => {
  if (targets.length === 0) return [];
  const results = await ports.models.scrape({
    cluster: plan.cluster,
    namespace: plan.namespace,
    targets,
    families: LOOK_FAMILIES,
    timeoutMs: SCRAPE_TIMEOUT_MS,
  });
  return targets.map((_, index) => {
    const result = results[index];
    return result?.kind === 'answered' ? podCounters(result.samples) : null;
  });
};

const whyBusy = (targets: readonly PodTarget[], counters: readonly (PodCounters | null)[]): string | null => {
  for (const [index, target] of targets.entries()) {
    const one = counters[index] ?? null;
    if (one === null) return `pod ${target.pod} does not say whether it is idle`;
    if (inside(one) > 0) return `pod ${target.pod} still has ${inside(one)} requests`;
  }
  return null;
};

const inside = (counters: PodCounters): number => counters.running + counters.waiting;

/** Requests that came in while we looked; a pod that does not answer counts none. */
const arrivalsOf = async (ports: Ports, plan: Plan, targets: readonly PodTarget[]): Promise<number> => {
  const before = await countersOf(ports, plan, targets);
  await ports.time.wait({ ms: ARRIVALS_MS });
  const after = await countersOf(ports, plan, targets);
  let arrivals = 0;
  for (const [index, one] of after.entries()) {
    const first = before[index] ?? null;
    if (one === null || first === null) continue;
    arrivals += Math.max(0, one.requests + inside(one) - first.requests - inside(first));
  }
  return arrivals;
};
