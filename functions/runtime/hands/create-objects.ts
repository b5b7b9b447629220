import { must } from '../../../workflows/assert.ts';
import type { ObjectIdentity } from '../../../workflows/kubernetes.ts';
import { fillInObject } from '../../../workflows/plans/fill-in.ts';
import { createOne } from './created-object.ts';
import { isWantedNow } from './fence-check.ts';
import type { Hand } from './hand.ts';
import { loadAdapter } from './load-adapter.ts';

const RETRY_MS = 5_000;

/**
 * Creates the plan's objects of one stage, in order, and remembers what it made. When one is refused, those of this
 * stage go again: a rollout that is refused here remembers none of them.
 */
export const createObjects: Hand<'createObjects'> = async (ports, job) => {
  const plan = must(job.plan, 'plan');
  const { stage } = job.effect;
  const identities: ObjectIdentity[] = [];
  for (const planned of plan.create) {
    if (planned.stage !== stage) continue;
    // Before each: whoever stood still in the middle of the list must not go on with it after the end (I6).
    if (!(await isWantedNow(ports, job))) return { kind: 'stale' };
    const object = fillInObject(planned, { rolloutId: job.rolloutId, nodePool: job.nodePool });
    const created = await createOne(ports, plan.cluster, planned, { rolloutId: job.rolloutId, object });
    if (created.kind === 'again') return { kind: 'again', inMs: RETRY_MS, why: created.why };
    if (created.kind === 'created') {
      identities.push(created.identity);
      continue;
    }
    for (const identity of identities.toReversed()) {
      const { cluster } = plan;
      const { name, namespace, uid } = identity;
      await ports.kubernetes.delete({ cluster, resource: identity, namespace, name, uid });
    }
    return {
      kind: 'outcome',
      outcome: { kind: 'refused', reason: created.finding.code, findings: [created.finding] },
    };
  }
  const { adapter } = plan;
  if (stage === 'workload' && adapter !== undefined && adapter.syncers.length > 0) {
    const loaded = await loadAdapter(ports, job, { ...plan, adapter });
    if (loaded.kind === 'refused')
      return {
        kind: 'outcome',
        outcome: { kind: 'refused', reason: loaded.finding.code, findings: [loaded.finding] },
      };
    if (loaded.kind !== 'loaded') return loaded;
    return {
      kind: 'outcome',
      outcome: { kind: 'objectsCreated', stage, identities, askedFor: adapter.to },
    };
  }
  return { kind: 'outcome', outcome: { kind: 'objectsCreated', stage, identities } };
};
