/** Deleting exactly what the plan lists, or what this rollout created, and only when nothing needs it (protocol P6, I13). */
import { must } from '../../../workflows/assert.ts';
import { type KubeObject, type ObjectIdentity, RESOURCES } from '../../../workflows/kubernetes.ts';
import { finding } from '../../../workflows/plans/findings.ts';
import type { Finding, Plan } from '../../../workflows/plans/plan.ts';
import type { Ports } from '../../../workflows/ports.ts';
import { confirmation } from '../../../workflows/steps/gateway-status.ts';
import { podCounters } from '../../../workflows/steps/pod-metrics.ts';
import { all } from '../all.ts';
import { labelSelectorOf } from './await-new-side.ts';
import { callOf, identityOf, isOurs } from './created-object.ts';
import { findReferences } from './find-references.ts';
import type { Hand, HandResult, Job } from './hand.ts';
import { isTransient, sayKubeAnswer } from './kube-answers.ts';
import { nameOf, readRoute } from './route-io.ts';

const RETRY_MS = 5_000;

/** Longer than any load balancer lets a request run that drained before this began. */
const IDLE_WAIT_MS_MIN = 300_000;

type DeleteJob = Job<Extract<Job['effect'], { kind: 'deleteObjects' }>>;

const again = (why: string): HandResult => ({ kind: 'again', inMs: RETRY_MS, why });

export const deleteObjects: Hand<'deleteObjects'> = async (ports, job) => {
  const { plan } = job;
  // Ended before there was a plan: nothing was created.
  if (plan === null) return done([]);
  const { side } = job.effect;
  const unremembered =
    side === 'new' ? await findUnremembered(ports, plan, job) : ({ kind: 'found', identities: [] } as const);
  if (unremembered.kind === 'unknown') return again(unremembered.why);
  const identities = inOrder(side, [...job.effect.identities, ...unremembered.identities]);
  if (identities.length === 0) return done([]);
  const references = await findReferences(ports, plan, side, identities);
  if (references.kind === 'unknown') return again(references.why);
  if (references.findings.length > 0) return done(references.findings);
  const sends = side === 'new' && job.trafficSinceMs !== null ? await maySend(ports, plan) : null;
  if (sends !== null)
    return hasWaited(plan, job)
      ? done([finding('still-referenced', `InferencePool ${plan.namespace}/${plan.new.pool}`, sends)])
      : again(sends);
  const idle = await mayStop(ports, plan, job, identities);
  if (idle !== null) return again(idle);
  const notDone: Finding[] = [];
  for (const identity of identities) {
    const outcome = await deleteOne(ports, plan.cluster, identity);
    if (outcome.kind === 'again') return again(outcome.why);
    if (outcome.finding !== null) notDone.push(outcome.finding);
  }
  return done(notDone);
};

const done = (notDone: readonly Finding[]): HandResult => ({
  kind: 'outcome',
  outcome: { kind: 'objectsDeleted', notDone },
});

/**
 * Null when every gateway has confirmed that nothing goes to the new side any more. A rollback does not wait for a silent
 * gateway, but what it may still send to is left to a person (P6).
 */
const maySend = async (ports: Ports, plan: Plan): Promise<string | null> => {
  const reads = await all(plan.routes.map((route) => readRoute(ports, plan, route)));
  for (const [index, read] of reads.entries()) {
    const route = must(plan.routes[index], 'route of a read');
    if (read.kind === 'gone') continue;
    if (read.kind !== 'ok') return `HTTPRoute ${nameOf(route)} cannot be read: ${read.kind}.`;
    const said = confirmation(read.object, route);
    if (said.kind !== 'confirmed')
      return `It may still get traffic: ${said.kind === 'waiting' ? said.reason : said.message}.`;
  }
  return null;
};

const hasWaited = (plan: Plan, job: DeleteJob): boolean =>
  job.nowMs - (job.sinceMs ?? job.nowMs) >= Math.max(plan.drainMs, IDLE_WAIT_MS_MIN);

/** What we created goes in the opposite order; the plan's list for the old side is in order already. */
const inOrder = (side: 'old' | 'new', identities: readonly ObjectIdentity[]): readonly ObjectIdentity[] =>
  side === 'old' ? identities : identities.toReversed();

type Unremembered =
  | { readonly kind: 'found'; readonly identities: readonly ObjectIdentity[] }
  | { readonly kind: 'unknown'; readonly why: string };

/**
 * Objects of the plan that a crash kept us from remembering: same kind and name as planned, and with our intent. The
 * intent alone would not do, nor the name.
 */
const findUnremembered = async (ports: Ports, plan: Plan, job: DeleteJob): Promise<Unremembered> => {
  const known = new Set(job.effect.identities.map(keyOf));
  const open = plan.create.filter(
    (planned) =>
      !known.has(keyOf({ ...planned, kind: planned.object.kind, name: planned.object.metadata.name })),
  );
  const answers = await all(
    open.map((planned) =>
      ports.kubernetes.get({ ...callOf(plan.cluster, planned), name: planned.object.metadata.name }),
    ),
  );
  const identities: ObjectIdentity[] = [];
  for (const [index, planned] of open.entries()) {
    const answer = answers[index];
    if (answer === undefined || answer.kind === 'noAnswer' || isTransient(answer))
      return {
        kind: 'unknown',
        why: `${planned.object.kind} ${planned.object.metadata.name}: not known whether it exists`,
      };
    if (answer.object !== undefined && isOurs(answer.object, job.rolloutId))
      identities.push(identityOf(planned, answer.object));
  }
  return { kind: 'found', identities };
};

const keyOf = (one: {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
}): string => `${one.group}/${one.kind}/${one.namespace ?? ''}/${one.name}`;

/** Null when workloads may stop; else why not yet: pods go only when idle or past the drain deadline (I13). */
const mayStop = async (
  ports: Ports,
  plan: Plan,
  job: DeleteJob,
  identities: readonly ObjectIdentity[],
): Promise<string | null> => {
  const { side } = job.effect;
  const hasWorkload = identities.some((identity) => identity.kind === RESOURCES.deployment.kind);
  const neverServed = side === 'new' && job.trafficSinceMs === null;
  if (!hasWorkload || neverServed) return null;
  if (hasWaited(plan, job)) return null;
  const { cluster, namespace } = plan;
  const { selector, port } = side === 'old' ? plan.old : plan.new;
  const listed = await ports.kubernetes.list({
    cluster,
    resource: RESOURCES.pod,
    namespace,
    labelSelector: labelSelectorOf(selector),
  });
  if (listed.kind === 'noAnswer' || listed.object === undefined) return `pods: ${sayKubeAnswer(listed)}`;
  const targets = listed.object.items.filter(isRunning).map((pod) => ({ pod: pod.metadata.name, port }));
  if (targets.length === 0) return null;
  const results = await ports.models.scrape({
    cluster,
    namespace,
    targets,
    families: ['vllm:num_requests_running', 'vllm:num_requests_waiting'],
    timeoutMs: RETRY_MS,
  });
  for (const [index, target] of targets.entries()) {
    const result = results[index];
    const counters = result?.kind === 'answered' ? podCounters(result.samples) : null;
    if (counters === null) return `pod ${target.pod} does not say whether it is idle`;
    const busy = counters.running + counters.waiting;
    if (busy > 0) return `pod ${target.pod} still has ${busy} requests`;
  }
  return null;
};

/** A pod that is going, or never started, holds no request that we could save. */
const isRunning = (pod: KubeObject): boolean => {
  const phase = (pod['status'] as { readonly phase?: string } | undefined)?.phase;
  return pod.metadata.deletionTimestamp === undefined && (phase === undefined || phase === 'Running');
};

type Deleted =
  | { readonly kind: 'done'; readonly finding: Finding | null }
  | { readonly kind: 'again'; readonly why: string };

const deleteOne = async (ports: Ports, cluster: string, identity: ObjectIdentity): Promise<Deleted> => {
  const { namespace, name, uid } = identity;
  const answer = await ports.kubernetes.delete({ cluster, resource: identity, namespace, name, uid });
  if (answer.kind === 'noAnswer' || isTransient(answer))
    return { kind: 'again', why: `delete ${name}: ${sayKubeAnswer(answer)}` };
  // Gone is what was wanted.
  if (answer.status < 300 || answer.status === 404) return { kind: 'done', finding: null };
  const object = `${identity.kind} ${namespace === null ? '' : `${namespace}/`}${name}`;
  return {
    kind: 'done',
    finding:
      answer.status === 409
        ? finding('not-the-same', object, `Its uid is not ${uid}: somebody made it anew.`)
        : finding('delete-refused', object, `The answer is ${sayKubeAnswer(answer)}.`),
  };
};
