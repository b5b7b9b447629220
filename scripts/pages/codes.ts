/**
 * Codes whose meaning stands in no table of the product: what the API answers, and the exceptions. A test reads the
 * sources and compares, so that no code is missing here and none is left over.
 */

/** Answers of the API, and of messages that reach no rollout: code → status and meaning. */
export const API_CODES: Readonly<Record<string, readonly [status: string, meaning: string]>> = {
  started: ['201, 200', 'The rollout is queued; 200 when the same request id had started it before.'],
  applied: ['200', 'The command was applied, or had been before.'],
  frozen: ['200', 'No share grows anywhere; rollbacks work.'],
  unfrozen: ['200', 'Shares may grow again.'],
  'rolled-back-by-record': [
    '202',
    'The machine is broken: the stored originals were written back without it.',
  ],
  'request-unreadable': ['400', 'The request could not be read as HTTP with a body.'],
  'request-malformed': ['400', 'The request is none of the actions; the detail names the field.'],
  'body-not-json': ['400', 'The body is not JSON; the detail says where it stops being it.'],
  unauthenticated: ['401', 'The request names nobody, and this service lets nobody in unnamed.'],
  'from-elsewhere': [
    '403',
    'Without authentication only programs of the same machine may ask, and no page of another site.',
  ],
  'rollout-missing': ['404', 'There is no rollout of this id.'],
  'path-unknown': ['404', 'There is nothing at this path.'],
  'method-not-allowed': ['405', 'The path exists, not with this method.'],
  refused: ['409', 'The rollout refused the command; its reason is the detail and stands in the journal.'],
  finished: ['409', 'The rollout has ended: it never changes again.'],
  'pool-locked': [
    '409',
    'Another rollout works on the pool; the detail names it. Wait, or start with `queue`.',
  ],
  'start-contended': ['409', 'Others keep starting rollouts of this name: try again.'],
  'cursor-ahead': ['409', 'A watch that was to go on behind an entry that the journal does not have.'],
  'body-too-large': ['413', 'The body is larger than the API takes.'],
  'file-invalid': ['422', 'The rollout file has problems; `problems` lists them with line and column.'],
  internal: ['500', 'An error of our own; it was logged.'],
  'cluster-unreachable': ['503', 'The cluster did not answer while the plan was made.'],
};

/** Codes of exceptions: class and meaning. What each class means for sender and operator stands above the table. */
export const EXCEPTION_CODES: Readonly<Record<string, readonly [kind: string, meaning: string]>> = {
  'store-full': ['retryable', 'No room left in the store.'],
  'store-busy': ['retryable', 'Others write; nothing of this call happened.'],
  'store-unavailable': [
    'retryable',
    'The store was not reached, or no answer came: a write may have happened.',
  ],
  'store-newer': ['retryable', 'The store was written by a newer Sluice; it is left alone.'],
  'document-newer': ['retryable', 'The document was written by a newer Sluice; it is left alone.'],
  'start-unsure': [
    'retryable',
    'The store has not said whether the rollout was started: send the same request again.',
  ],
  'commit-contended': ['conflict', 'The same document was changed by others again and again.'],
  'message-malformed': ['terminal', 'A message that is not JSON, or not what the topic carries.'],
  'incident-malformed': ['terminal', 'A message on the alert topic that is no incident of Cloud Monitoring.'],
  'store-corrupt': ['terminal', 'Not a database, another program’s database, or a damaged one.'],
  'store-missing': ['terminal', 'A store that was to be read only is not there.'],
  'store-read-only': ['terminal', 'A write to a store that was opened to be read.'],
  'document-too-large': ['terminal', 'The document is above its bound.'],
  'entry-too-large': ['terminal', 'A journal entry is above its bound.'],
  'attachment-too-large': ['terminal', 'A text beside the document, e.g. the manifests, is above its bound.'],
  assertion: ['invariant', 'A promise of our own code is broken.'],
  'not-json': ['invariant', 'A value that JSON cannot hold was to be hashed.'],
  unexpected: ['invariant', 'An error of none of these kinds: a mistake that nobody had thought of.'],
  'spec-unreadable': ['invariant', 'The stored rollout spec cannot be read back.'],
  'patch-of-no-view': [
    'invariant',
    'A patch for what carries an adapter’s weights does not fit what was read of it.',
  ],
  'plan-unreadable': ['invariant', 'The stored plan cannot be read back.'],
  'machine-unknown': ['invariant', 'The document names a machine version that this code does not have.'],
  'machine-start': ['invariant', 'The machine did not start.'],
  'machine-error': ['invariant', 'The machine stopped with an error.'],
  'machine-action': ['invariant', 'The machine returned an action that it may not use.'],
  'machine-delay': ['invariant', 'A timer without an id or a finite delay.'],
  'snapshot-broken': ['invariant', 'The stored snapshot cannot be restored.'],
  'document-broken': ['invariant', 'A document that its schema refuses.'],
  'not-storable': ['invariant', 'A value that a document store would lose or refuse.'],
  'revision-step': ['invariant', 'A commit that does not raise the revision by one.'],
  'journal-gap': ['invariant', 'An entry that does not follow the last one.'],
  'journal-foreign': ['invariant', 'An entry of another rollout.'],
};

/** `reason` of a rollout that did not end in promoted; `GATE` is a gate’s name. */
export const END_REASONS: Readonly<Record<string, string>> = {
  alert: 'An incident of a watched alert policy.',
  'tripwire:GATE': 'A tripwire failed.',
  'judge:GATE': 'A judge failed at the end of a bake.',
  operator: 'Somebody asked for the rollback.',
  deadline: 'The time allowed for the stage, or for the whole rollout, ran out.',
  approvalTimeout: 'Nobody approved the next share in time.',
  holdTimeout: 'It was held for longer than `rollback.onHoldFor`.',
  queueTimeout: 'The pool was not free within 24 hours.',
  preflight: 'Preflight found something that blocks; the findings say what.',
  'CODE of a finding': 'An object could not be created; see the findings above.',
  planChanged: 'The cluster gives another plan now than the one that was insisted on.',
  nodePool: 'The node pool could not be had: stockout, quota, permission, name taken.',
  verify: 'A new pod is not what it should be.',
  routeGone: 'An HTTPRoute was gone for 10 minutes.',
  oldSideLost: 'The old side did not come back; shares and both sides are as they were.',
  abandoned: 'An operator gave the rollout up.',
};
