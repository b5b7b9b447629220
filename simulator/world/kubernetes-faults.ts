import type { KubeObject, KubeStatus } from '../../workflows/kubernetes.ts';
import type { KubeAnswer, KubeCall, KubernetesPort, NoAnswer } from '../../workflows/ports.ts';
import type { AnswerFaultDice, AnswerFaultKind } from './answer-fault-dice.ts';
import type { Handled, Handlers } from './handlers.ts';
import { bumpStatus } from './status-bump.ts';
import type { World } from './world.ts';

type Answer<T = KubeObject> = Handled<KubeAnswer<T> | NoAnswer>;

interface Saying {
  readonly code: number;
  readonly reason: string;
  readonly message: string;
  readonly details?: NonNullable<KubeStatus['details']>;
}

const TOO_MANY: Saying = {
  code: 429,
  reason: 'TooManyRequests',
  message: 'Too many requests, please try again later.',
  details: { retryAfterSeconds: 1 },
};
const INTERNAL: Saying = {
  code: 500,
  reason: 'InternalError',
  message: 'Internal error occurred: etcdserver: leader changed',
};
const UNAVAILABLE: Saying = {
  code: 503,
  reason: 'ServiceUnavailable',
  message: 'the server is currently unable to handle the request',
};
/** Said by the API server's own time limit, whatever the storage did. */
const TIMED_OUT: Saying = {
  code: 504,
  reason: 'Timeout',
  message: 'Timeout: request did not complete within the allotted timeout',
  details: { retryAfterSeconds: 1 },
};

const conflictOf = (call: KubeCall, name: string): Saying => ({
  code: 409,
  reason: 'Conflict',
  message: `Operation cannot be fulfilled on ${call.resource.plural} "${name}": the object has been modified; please apply your changes to the latest version`,
  details: { name, kind: call.resource.plural },
});

function said(saying: Saying): KubeAnswer<never> {
  const { code, reason, message, details } = saying;
  return {
    kind: 'answer',
    status: code,
    failure: {
      kind: 'Status',
      apiVersion: 'v1',
      status: 'Failure',
      message,
      reason,
      ...(details === undefined ? {} : { details }),
      code,
    },
  };
}

/** A review is asked with POST and changes nothing. */
const isReview = (call: KubeCall): boolean => call.resource.group === 'authorization.k8s.io';

/** API servers that refuse, fail, or have done what they say they did not do. */
export function kubernetesFaults(
  inner: Handlers<KubernetesPort>,
  dice: AnswerFaultDice,
  world: Pick<World, 'kube' | 'nowMs'>,
): Handlers<KubernetesPort> {
  /** Nothing is applied; a control plane that is away says nothing at all. */
  const instead = (cluster: string, kind: AnswerFaultKind, saying: Saying): Answer<never> => {
    const { value, tookMs } = inner.discover({ cluster });
    if (value.kind === 'noAnswer') return { value, tookMs };
    dice.happened(kind, cluster);
    return { value: said(saying), tookMs };
  };
  const refusal = (cluster: string): Answer<never> | null => {
    if (dice.falls('tooMany')) return instead(cluster, 'tooMany', TOO_MANY);
    if (!dice.falls('serverError')) return null;
    return instead(cluster, 'serverError', dice.random.uniform() < 0.5 ? INTERNAL : UNAVAILABLE);
  };
  const bump = (call: KubeCall, name: string): boolean =>
    bumpStatus(world.kube(call.cluster), { ...call, name }, world.nowMs);
  // Only patches: a deletion on condition of the uid is tried again by the server itself, and a creation has no version.
  const conflict = (call: KubeCall & { readonly name: string }): Answer<never> | null => {
    if (!dice.falls('conflict')) return null;
    bump(call, call.name);
    return instead(call.cluster, 'conflict', conflictOf(call, call.name));
  };
  const written = (call: KubeCall, answer: Answer): Answer => {
    if (!dice.falls('errorAfterWrite')) return answer;
    if (answer.value.kind === 'noAnswer' || answer.value.status >= 300) return answer;
    dice.happened('errorAfterWrite', call.cluster);
    return { value: said(TIMED_OUT), tookMs: answer.tookMs };
  };
  return {
    discover: (call) => refusal(call.cluster) ?? inner.discover(call),
    get: (call) => refusal(call.cluster) ?? inner.get(call),
    list: (call) => refusal(call.cluster) ?? inner.list(call),
    create(call) {
      const refused = refusal(call.cluster);
      if (refused !== null) return refused;
      const answer = inner.create(call);
      return call.dryRun === true || isReview(call) ? answer : written(call, answer);
    },
    jsonPatch(call) {
      const refused = refusal(call.cluster) ?? conflict(call);
      if (refused !== null) return refused;
      if (dice.falls('statusBump') && bump(call, call.name)) dice.happened('statusBump', call.cluster);
      const answer = inner.jsonPatch(call);
      return call.dryRun === true ? answer : written(call, answer);
    },
    delete(call) {
      return refusal(call.cluster) ?? written(call, inner.delete(call));
    },
  };
}
