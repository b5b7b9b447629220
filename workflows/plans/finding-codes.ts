/**
 * Everything that preflight, verifying and the hands can find. One table: the reference and `sluice explain` are made of
 * it. `why` and `mend` of a finding are the table's; `what` is said by whoever found it, with the names of the case.
 */
import { type CodeText, preflight } from './finding-code.ts';
import { ADAPTER_CODES } from './finding-codes-adapter.ts';
import { NODE_CODES } from './finding-codes-nodes.ts';

const SIDES = {
  'pool-missing': preflight(
    'E',
    'The old InferencePool does not exist.',
    'A rollout moves the traffic of an existing pool.',
    'Correct spec.from.pool, spec.namespace or spec.cluster.',
  ),
  'new-pool-missing': preflight(
    'E',
    'The new InferencePool of `source: existing` does not exist.',
    'With `source: existing` nothing is created; the new side must be there.',
    'Deploy it first, or correct spec.to.pool.',
  ),
  'old-pool-is-new-pool': preflight(
    'E',
    'Old and new pool are the same.',
    'There would be nothing to move.',
    'Name the pool that takes over in spec.to.pool.',
  ),
  'selector-overlap': preflight(
    'E',
    'The selector of one pool matches pods of the other.',
    'Pods would receive the other side’s traffic, before the rollout starts and at every share.',
    'Give the new pods another value for a label of the old selector, or narrow the selector.',
  ),
  'picker-missing': preflight(
    'E',
    'The Service of a pool’s endpoint picker does not exist.',
    'The gateway refuses a backend whose picker it cannot find, and may refuse the whole route.',
    'Create the picker, or correct spec.endpointPickerRef of the pool.',
  ),
  'picker-not-ready': preflight(
    'E',
    'No picker of the old pool is ready.',
    'A rollback would lead to a pool that cannot serve.',
    'Repair the picker of the old side first.',
  ),
  'old-not-ready': preflight(
    'E',
    'Fewer pods of the old side are ready than the rollback floor asks for.',
    'A rollback must find an old side that can carry everything.',
    'Repair the old side first, or lower rollback.floor.',
  ),
  'replicas-short': preflight(
    'E',
    'The new side’s workloads ask for fewer replicas than a share of 100 needs.',
    'A share may not exceed ready replicas over replicas at 100, so the ladder could never end.',
    'Raise spec.replicas of the Deployment, or set to.replicas to what the new side needs.',
  ),
  'old-autoscaled': preflight(
    'E',
    'An autoscaler acts on the old side.',
    'It would shrink the old side as traffic leaves, and a rollback would hit too few replicas.',
    'Suspend it for the rollout, or set from.autoscaler: leave and accept a slow rollback.',
  ),
  'names-unknown': preflight(
    'W',
    'No pod of the old side answered /v1/models.',
    'Without its names, adapters and context length the new side can only be checked against the file.',
    'Allow the API server’s proxy to reach the pods (pods/proxy), or acknowledge names-unknown.',
  ),
} as const satisfies Record<string, CodeText>;

const ROUTES = {
  'routes-none': preflight(
    'E',
    'No HTTPRoute refers to the old pool.',
    'There is no traffic to move.',
    'Check spec.from.pool; pools are found by group, kind, namespace and name of backendRefs.',
  ),
  'no-old-traffic': preflight(
    'E',
    'Every rule gives the old pool the weight 0.',
    'There is no traffic to move.',
    'Put the weights right, or roll out the other way round.',
  ),
  'zero-weight-ref': preflight(
    'W',
    'A rule names the old pool with the weight 0.',
    'That rule is left as it is, so the old side cannot be deleted while the rule names it.',
    'Remove the backendRef, or acknowledge zero-weight-ref and remove the old side later.',
  ),
  'route-not-editable': preflight(
    'E',
    'The patch that adds the new pool is refused.',
    'The route as it is does not accept another backend.',
    'Read the API server’s answer; a rule takes at most 16 backends.',
  ),
  'no-permission': preflight(
    'E',
    'Sluice may not do something that this rollout needs.',
    'What is not allowed now would fail in the middle of the rollout.',
    'Apply the RBAC bundle for Sluice’s service account in this namespace.',
  ),
  'way-back': preflight(
    'E',
    'The patch that would roll back is refused.',
    'A rollout whose way back does not work is not started.',
    'Read the API server’s answer and remove what refuses the patch.',
  ),
  'already-split': preflight(
    'E',
    'A rule already gives the new pool traffic.',
    'It would be unclear whose weights they are and what a rollback restores.',
    'Set its weight to 0, or exchange spec.from and spec.to.',
  ),
  'gateway-unhealthy': preflight(
    'E',
    'A Gateway of the routes is missing or not programmed.',
    'Weights would be accepted and never applied, those of a rollback included.',
    'Repair the Gateway; its conditions and those of its other routes say what is wrong.',
  ),
  'no-gke-gateway': preflight(
    'E',
    'A route is attached to no GKE Gateway.',
    'Only a GKE Gateway reports that weights were applied.',
    'Attach the route to a Gateway of a gke-l7 class.',
  ),
  'route-not-reconciled': preflight(
    'E',
    'A Gateway has not reconciled a route.',
    'Weights would be accepted and never applied, those of a rollback included.',
    'Read the route’s status.parents and repair what it names.',
  ),
  'sample-manifest': preflight(
    'E',
    'The HTTPRoute is the sample of the GKE page on rollouts, as published.',
    'The sample cannot work: `rules` must be a list, and no Gateway is of kind InferenceGateway.',
    'Write rules as a list with matches and backendRefs, and parentRefs with group gateway.networking.k8s.io, kind Gateway.',
  ),
  'cross-namespace': preflight(
    'E',
    'An object is in another namespace than the rollout, and nothing allows the reference.',
    'A route may name a pool of another namespace only where a ReferenceGrant of that namespace allows it.',
    'Add a ReferenceGrant that covers the new pool, or keep pool and rollout in one namespace.',
  ),
  'before-too-large': preflight(
    'E',
    'The backendRefs of a route are too large to be kept on it.',
    'They are left on the route as sluice.dev/before, for a rollback without Sluice.',
    'Shorten the annotations of the route, or split the route.',
  ),
  'session-affinity': preflight(
    'W',
    'A backend policy pins clients to backends.',
    'With weights the affinity is ignored or wins: the split and a rollback are not exact.',
    'Remove sessionAffinity for the rollout, or acknowledge session-affinity.',
  ),
  drain: preflight(
    'I',
    'No draining time is configured for the old pool.',
    'Connections are not drained by the load balancer when the backend goes.',
    'Set connectionDraining.drainingTimeoutSec in a GCPBackendPolicy; Sluice waits for idle pods in any case.',
  ),
  'share-rounded': preflight(
    'I',
    'Weights up to 1000 cannot express a share exactly.',
    'The load balancer takes no weight above 1000; shares are rounded down.',
    'Nothing to do; the plan shows the real share.',
  ),
} as const satisfies Record<string, CodeText>;

const OTHERS = {
  lock: preflight(
    'E',
    'Another rollout works on the same thing.',
    'Two rollouts would undo each other’s weights.',
    'Wait for it, or start with --queue.',
  ),
  'open-incident': preflight(
    'E',
    'A watched alert is open.',
    'Nothing is rolled out into an incident.',
    'Close the incident, or take its policy out of alerts.policies.',
  ),
  'objectives-priorities': preflight(
    'I',
    'InferenceObjectives with priorities are bound to the old pool.',
    'An objective binds to one pool: the other side serves its requests at priority 0.',
    'Choose priorities: flip or leave.',
  ),
  'rewrite-present': preflight(
    'E',
    'An InferenceModelRewrite is bound to the old pool.',
    'This version does not copy rewrites: the new side would answer other names than the old one.',
    'Create the same rewrite for the new pool beforehand.',
  ),
  'gitops-owner': preflight(
    'E',
    'Objects are owned by Argo CD, Flux, Helm or Terraform.',
    'What is deleted would come back, or break the owner’s state; weights in Git would undo ours.',
    'Use retire: keep and remove the old side in Git; let the owner ignore /spec/rules of the route.',
  ),
  'served-names': preflight(
    'E',
    'A name that the old side serves is not among the new names.',
    'Its clients would be answered 404.',
    'Add it to to.model.servedNames.',
  ),
  'adapters-unmapped': preflight(
    'E',
    'An adapter of the old side has no line in to.adapters.',
    'Adapters are never guessed: its clients might be answered 404.',
    'Add `NAME: same` or `NAME: drop` to to.adapters.',
  ),
  'adapter-dropped': preflight(
    'W',
    'An adapter that the old side serves is dropped.',
    'Its clients will be answered 404.',
    'Keep it with `same`, or acknowledge adapter-dropped.',
  ),
  'context-shorter': preflight(
    'W',
    'The new model takes shorter prompts.',
    'Requests with long prompts will be answered 400.',
    'Raise to.model.maxModelLen, or acknowledge context-shorter.',
  ),
  'floating-model': preflight(
    'W',
    'The model is named without a revision.',
    'A fresh pod downloads today’s weights, which need not be those that serve now.',
    'Pin --revision (to.model.revision), or acknowledge floating-model.',
  ),
} as const satisfies Record<string, CodeText>;

const MANIFESTS = {
  'name-taken': {
    phases: ['preflight', 'create'],
    severity: 'E',
    what: 'An object of this name exists and is not this rollout’s.',
    why: 'What Sluice did not create it does not take over.',
    mend: 'Rename the object in the manifests, remove the existing one, or use source: existing.',
  },
  'manifest-invalid': {
    phases: ['preflight', 'create'],
    severity: 'E',
    what: 'An object of the manifests is refused.',
    why: 'The new side would be incomplete.',
    mend: 'Correct the manifest.',
  },
  'manifest-pool-missing': preflight(
    'E',
    'The manifests contain no InferencePool of the name in spec.to.pool.',
    'The gateway needs a pool to send traffic to.',
    'Add it, or correct spec.to.pool.',
  ),
  'manifest-workload-missing': preflight(
    'E',
    'The manifests contain no Deployment whose pods the new pool selects.',
    'The new pool would stay empty.',
    'Add the Deployment, or correct the selector of the new pool.',
  ),
} as const satisfies Record<string, CodeText>;

const verify = (what: string, why: string, mend: string): CodeText => ({
  phases: ['verify'],
  severity: 'E',
  what,
  why,
  mend,
});

const VERIFYING = {
  'verify-health': verify(
    'A new pod reports that it is not healthy.',
    'The gateway would send users to it.',
    'Read the pod’s log.',
  ),
  'verify-names': verify(
    'A new pod does not serve every name.',
    'Clients of that name would be answered 404.',
    'Add the name to --served-model-name, or load the adapter on the new side.',
  ),
  'verify-context': verify(
    'A new pod takes shorter prompts than the old side.',
    'Requests with long prompts would be answered 400.',
    'Raise --max-model-len of the new side.',
  ),
  'verify-completion': verify(
    'A new pod does not answer a completion as it should.',
    'Users would get the same answer.',
    'Read the pod’s log.',
  ),
  'verify-stream': verify(
    'A new pod does not stream a completion as it should.',
    'Users would get the same answer.',
    'Read the pod’s log.',
  ),
  'verify-logprobs': verify(
    'A new pod does not answer with log probabilities as it should.',
    'Users would get the same answer.',
    'Read the pod’s log.',
  ),
  'adapter-no-effect': verify(
    'An adapter answers exactly like the base model.',
    'It is listed and loaded, but has no effect (vLLM loads tensors of other module names without a word); users would get the base model.',
    'Compare target modules and names of its tensors with the base model’s; give prompts of its domain under verify.adapters.prompts where it only differs there.',
  ),
  'adapter-indistinct': {
    phases: ['verify'],
    severity: 'W',
    what: 'An adapter answers exactly like the base model on both sides.',
    why: 'Whether it has an effect cannot be told from these prompts.',
    mend: 'Give prompts of its domain under verify.adapters.prompts.',
  },
  'adapter-same': {
    phases: ['verify'],
    severity: 'W',
    what: 'The new version of an adapter answers exactly like the old one.',
    why: 'Both may come from the same source; then there is nothing to roll out.',
    mend: 'Check adapter.to.source; give prompts of its domain under verify.adapters.prompts.',
  },
} as const satisfies Record<string, CodeText>;

const SYNCING = {
  'syncer-changed': {
    phases: ['create', 'delete'],
    severity: 'E',
    what: 'The ConfigMap of the adapter syncer is not as planned.',
    why: 'Entries of others are not overwritten, and what cannot be read cannot be edited without touching them.',
    mend: 'Look at the ConfigMap; take the foreign entry out, or choose another name for the new version.',
  },
  'adapter-in-use': {
    phases: ['delete'],
    severity: 'W',
    what: 'Something still names the adapter that is to be unloaded.',
    why: 'Its requests would be answered 404.',
    mend: 'Remove the reference, then move the entry to ensureNotExist by hand.',
  },
} as const satisfies Record<string, CodeText>;

const deleting = (what: string, why: string, mend: string): CodeText => ({
  phases: ['delete'],
  severity: 'W',
  what,
  why,
  mend,
});

const DELETING = {
  'still-referenced': deleting(
    'Something still refers to the pool.',
    'Deleting it would cut off whoever uses that reference.',
    'Remove the reference, then delete the objects by hand.',
  ),
  'not-the-same': deleting(
    'An object of this name exists, but it is not the one that was planned.',
    'Only exactly what the plan lists is deleted.',
    'Look at it, and delete it by hand if it is not needed.',
  ),
  'delete-refused': deleting(
    'The API server refused to delete an object.',
    'It is left behind.',
    'Delete it by hand, or give Sluice the right to.',
  ),
} as const satisfies Record<string, CodeText>;

export const FINDING_CODES = {
  ...SIDES,
  ...ROUTES,
  ...OTHERS,
  ...NODE_CODES,
  ...MANIFESTS,
  ...ADAPTER_CODES,
  ...VERIFYING,
  ...SYNCING,
  ...DELETING,
} as const satisfies Record<string, CodeText>;

export type FindingCode = keyof typeof FINDING_CODES;
