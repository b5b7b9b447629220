import type { Incident, JournalEntry, Leftover, RolloutDocument } from '../../workflows/rollout/stored.ts';

/** A sound document of a running rollout; what the test is about is given. */
export function aDocument(given: Partial<RolloutDocument> = {}): RolloutDocument {
  return {
    schemaVersion: 1,
    rolloutId: 'llm-1',
    revision: 1,
    lastCommitId: 'commit-1',
    machineVersion: '1',
    machineHash: 'abc',
    state: 'shifting',
    held: null,
    wakeAtMs: 1_000,
    createdAtMs: 500,
    finishedAtMs: null,
    poolKey: 'projects/p/locations/l/clusters/c/serving/llm',
    watches: [],
    lastNowMs: 900,
    fence: 3,
    failures: 0,
    spec: '{"type":"node"}',
    plan: null,
    snapshot: '{"value":"shifting"}',
    rollbackRecord: null,
    recordExecuted: null,
    timers: [{ id: 'bake', token: 'shifting/1', dueAtMs: 1_000 }],
    outbox: [
      {
        id: 'llm-1/1/0',
        effect: { kind: 'setWeights', sharePercent: 25 },
        fence: 3,
        notBeforeMs: 0,
      },
    ],
    seen: ['m-1'],
    journalSeq: 1,
    journalHash: 'h-1',
    publishedSeq: 0,
    ...given,
  };
}

/** An entry of the journal of `llm-1`, unless told otherwise. */
export function anEntry(seq: number, given: Partial<JournalEntry> = {}): JournalEntry {
  return {
    rolloutId: 'llm-1',
    seq,
    atMs: 1_000 + seq,
    message: { kind: 'timer', messageId: `t-${seq}`, timerId: 'bake', token: 'shifting/1' },
    from: 'shifting',
    to: 'shifting',
    effects: ['setWeights'],
    verdicts: [
      {
        gate: 'errors.fast',
        answer: 'pass',
        windowMs: [0, 60_000],
        samples: 120,
        newValue: 0.001,
        oldValue: 0.002,
        limit: 0.05,
        sentence: 'Errors are within the limit.',
      },
    ],
    refusal: null,
    sentence: 'The share grows to 25 %.',
    previousHash: `h-${seq - 1}`,
    hash: `h-${seq}`,
    ...given,
  };
}

export function anIncident(given: Partial<Incident> = {}): Incident {
  return {
    incidentId: 'i-1',
    state: 'open',
    policy: 'projects/p/alertPolicies/1',
    policyDisplayName: 'Errors',
    startedAtMs: 1_000,
    endedAtMs: null,
    summary: 'Too many errors.',
    ...given,
  };
}

export function aLeftover(given: Partial<Leftover> = {}): Leftover {
  return {
    id: 'left-1',
    rolloutId: 'llm-1',
    kind: 'nodePool',
    cluster: 'projects/p/locations/l/clusters/c',
    name: 'llm-1-nodes',
    reason: 'Kept after a failure.',
    dueAtMs: 5_000,
    byHand: 'gcloud container node-pools delete llm-1-nodes',
    attemptedAtMs: null,
    ...given,
  };
}
