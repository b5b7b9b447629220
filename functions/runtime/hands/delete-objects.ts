/** Deleting exactly what the plan lists, or what this rollout created, and only when nothing needs it (protocol P6, I13). */
import type { ObjectIdentity } from '../../../workflows/kubernetes.ts';
import { at, itemsOf, textAt } from '../../../workflows/plans/fields.ts';
import { finding } from '../../../workflows/plans/findings.ts';
import type { AdapterPlan, Finding, Plan } from '../../../workflows/plans/plan.ts';
import type { Ports } from '../../../workflows/ports.ts';
import { isRuleOf } from '../../../workflows/steps/carrier.ts';
import { all } from '../all.ts';
import { callOf, identityOf, isOurs } from './created-object.ts';
import { isWantedNow } from './fence-check.ts';
import { findReferences } from './find-references.ts';
import type { Hand, HandResult } from './hand.ts';
import { isTransient, sayKubeAnswer } from './kube-answers.ts';
import { unloadAdapter } from './load-adapter.ts';
import { type DeleteJob, mayDelete } from './may-delete.ts';

const RETRY_MS = 5_000;

/** As long as a function may run: after that no creation of an older decision is on its way any more (P6). */
const CREATION_OVER_MS = 90_000;

const again = (why: string): HandResult => ({ kind: 'again', inMs: RETRY_MS, why });

export const deleteObjects: Hand<'deleteObjects'> = async (ports, job) => {
  const { plan } = job;
  // Ended before there was a plan: nothing was created.
  if (plan === null) return done([]);
  const { side } = job.effect;
  const unremembered =
    side === 'new'
      ? await findUnremembered(ports, plan, job)
      : ({ kind: 'found', identities: [], isOpen: false } as const);
  if (unremembered.kind === 'unknown') return again(unremembered.why);
  if (unremembered.isOpen && job.nowMs - job.sinceMs < CREATION_OVER_MS)
    return again('a creation may still be on its way');
  const identities = inOrder(side, [...job.effect.identities, ...unremembered.identities]);
  if (plan.adapter !== undefined)
    return deleteOfAdapter(ports, { ...plan, adapter: plan.adapter }, job, identities);
  if (identities.length === 0) return done([]);
  const references = await findReferences(ports, plan, side, identities);
  if (references.kind === 'unknown') return again(references.why);
  if (references.findings.length > 0) return done(references.findings);
  const may = await mayDelete(ports, plan, job, identities);
  if (may.kind === 'notYet') return again(may.why);
  if (may.kind === 'no') return done([may.finding]);
  return deleteAll(ports, plan, job, identities);
};

const deleteAll = async (
  ports: Ports,
  plan: Plan,
  job: DeleteJob,
  identities: readonly ObjectIdentity[],
): Promise<HandResult> => {
  const notDone: Finding[] = [];
  for (const identity of identities) {
    // Before each: another process may have come to the end of the list, and of the rollout (I6).
    if (!(await isWantedNow(ports, job))) return { kind: 'stale' };
    const outcome = await deleteOne(ports, plan.cluster, identity);
    if (outcome.kind === 'again') return again(outcome.why);
    if (outcome.finding !== null) notDone.push(outcome.finding);
  }
  return done(notDone);
};

/** The pools stay: what goes is a version, and the carriers that this rollout has made. Nobody else may have put rules there. */
const deleteOfAdapter = async (
  ports: Ports,
  plan: Plan & { readonly adapter: AdapterPlan },
  job: DeleteJob,
  identities: readonly ObjectIdentity[],
): Promise<HandResult> => {
  const shared = await sharedCarriers(ports, plan, identities);
  if (shared.kind === 'unknown') return again(shared.why);
  const kept = new Set(shared.found.map(({ uid }) => uid));
  const deleted = await deleteAll(
    ports,
    plan,
    job,
    identities.filter(({ uid }) => !kept.has(uid)),
  );
  if (deleted.kind !== 'outcome' || deleted.outcome.kind !== 'objectsDeleted') return deleted;
  const unloaded = await unloadAdapter(ports, job, plan, job.effect.side);
  if (unloaded.kind !== 'unloaded') return unloaded;
  const findings = shared.found.map((identity) =>
    finding(
      'still-referenced',
      `${identity.kind} ${identity.namespace ?? ''}/${identity.name}`,
      'Others have written to it: rules of other names, or clients for the new version.',
    ),
  );
  return done([...findings, ...deleted.outcome.notDone, ...unloaded.notDone]);
};

type Shared =
  | { readonly kind: 'known'; readonly found: readonly ObjectIdentity[] }
  | { readonly kind: 'unknown'; readonly why: string };

/** Carriers that we created and that have rules of other names by now, or clients for the new version that others sent. */
const sharedCarriers = async (
  ports: Ports,
  { cluster, adapter }: Plan & { readonly adapter: AdapterPlan },
  identities: readonly ObjectIdentity[],
): Promise<Shared> => {
  const answers = await all(
    identities.map(({ namespace, name, ...resource }) =>
      ports.kubernetes.get({ cluster, resource, namespace, name }),
    ),
  );
  const found: ObjectIdentity[] = [];
  for (const [index, identity] of identities.entries()) {
    const answer = answers[index];
    if (answer === undefined || answer.kind === 'noAnswer' || isTransient(answer))
      return { kind: 'unknown', why: `${identity.name}: not known what it carries` };
    const rules = itemsOf(at(answer.object, 'spec', 'rules'));
    if (rules.some((rule) => !isRuleOf(rule, adapter.alias) || givesTo(rule, adapter.to)))
      found.push(identity);
  }
  return { kind: 'known', found };
};

const done = (notDone: readonly Finding[]): HandResult => ({
  kind: 'outcome',
  outcome: { kind: 'objectsDeleted', notDone },
});

/** Others send clients to the new version; ours are back at nothing by now. */
const givesTo = (rule: unknown, name: string): boolean =>
  itemsOf(at(rule, 'targets')).some((target) => textAt(target, 'modelRewrite') === name);

/** What we created goes in the opposite order; the plan's list for the old side is in order already. */
const inOrder = (side: 'old' | 'new', identities: readonly ObjectIdentity[]): readonly ObjectIdentity[] =>
  side === 'old' ? identities : identities.toReversed();

type Unremembered =
  | {
      readonly kind: 'found';
      readonly identities: readonly ObjectIdentity[];
      /** Not everything that was planned is remembered: the creation was cut off. */
      readonly isOpen: boolean;
    }
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
  return { kind: 'found', identities, isOpen: open.length > 0 };
};

const keyOf = (one: {
  readonly group: string;
  readonly kind: string;
  readonly namespace: string | null;
  readonly name: string;
}): string => `${one.group}/${one.kind}/${one.namespace ?? ''}/${one.name}`;

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
