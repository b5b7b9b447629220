/** Creating one object so that it exists once, whatever was lost on the way (protocol P6). */
import type { KubeObject, ObjectIdentity } from '../../../workflows/kubernetes.ts';
import { finding, nameOf } from '../../../workflows/plans/findings.ts';
import type { Finding, ObjectPlan } from '../../../workflows/plans/plan.ts';
import { INTENT_ANNOTATION } from '../../../workflows/plans/plan-create.ts';
import type { KubeAnswer, KubeCall, NoAnswer, Ports } from '../../../workflows/ports.ts';
import { isTransient, sayKubeAnswer } from './kube-answers.ts';

export type Created =
  | { readonly kind: 'created'; readonly identity: ObjectIdentity }
  | { readonly kind: 'refused'; readonly finding: Finding }
  | { readonly kind: 'again'; readonly why: string };

export const callOf = (cluster: string, planned: ObjectPlan): KubeCall => ({
  cluster,
  resource: {
    group: planned.group,
    version: planned.version,
    plural: planned.plural,
    kind: planned.object.kind,
  },
  namespace: planned.namespace,
});

export const identityOf = (planned: ObjectPlan, object: KubeObject): ObjectIdentity => ({
  group: planned.group,
  version: planned.version,
  plural: planned.plural,
  kind: planned.object.kind,
  namespace: planned.namespace,
  name: object.metadata.name,
  uid: object.metadata.uid ?? '',
});

/** True when the object bears this rollout's intent and nobody is deleting it. */
export const isOurs = (object: KubeObject, rolloutId: string): boolean =>
  object.metadata.annotations?.[INTENT_ANNOTATION] === rolloutId;

export const createOne = async (
  ports: Ports,
  cluster: string,
  planned: ObjectPlan,
  job: { readonly rolloutId: string; readonly object: KubeObject },
): Promise<Created> => {
  const call = callOf(cluster, planned);
  const answer = await ports.kubernetes.create({ ...call, object: job.object });
  if (answer.kind === 'answer' && answer.status < 300 && answer.object !== undefined)
    return { kind: 'created', identity: identityOf(planned, answer.object) };
  const exists = answer.kind === 'answer' && answer.status === 409;
  // A lost answer may have created it: look, and compare.
  if (exists || answer.kind === 'noAnswer') {
    const found = await ports.kubernetes.get({ ...call, name: job.object.metadata.name });
    return compare(planned, found, { rolloutId: job.rolloutId, first: answer });
  }
  if (isTransient(answer)) return { kind: 'again', why: sayKubeAnswer(answer) };
  const name = nameOf(job.object);
  return answer.status === 403
    ? {
        kind: 'refused',
        finding: finding('no-permission', name, `I may not create it: ${sayKubeAnswer(answer)}.`),
      }
    : {
        kind: 'refused',
        finding: finding('manifest-invalid', name, `The API server refuses it: ${sayKubeAnswer(answer)}.`),
      };
};

const compare = (
  planned: ObjectPlan,
  found: KubeAnswer | NoAnswer,
  asked: { readonly rolloutId: string; readonly first: KubeAnswer | NoAnswer },
): Created => {
  if (found.kind === 'answer' && found.object !== undefined) {
    const { object } = found;
    if (isOurs(object, asked.rolloutId))
      // Going already, from an attempt that was undone: wait until it is gone, then make it anew.
      return object.metadata.deletionTimestamp === undefined
        ? { kind: 'created', identity: identityOf(planned, object) }
        : { kind: 'again', why: `${nameOf(object)} is still being deleted` };
    const since = object.metadata.creationTimestamp ?? 'unknown';
    const manager = object.metadata.managedFields?.[0]?.manager ?? 'unknown';
    return {
      kind: 'refused',
      finding: finding('name-taken', nameOf(object), `It exists since ${since}, made by ${manager}.`),
    };
  }
  return { kind: 'again', why: `${nameOf(planned.object)}: ${sayKubeAnswer(asked.first)}` };
};
