/** What is frozen with the plan: the plan itself, and what a way back needs when the machine is broken. */
import type { Plan, RoutePlan } from '../plans/plan.ts';
import type { RolloutContext } from './context.ts';
import type { Message } from './messages.ts';
import type { RolloutDocument } from './stored.ts';

/** Plan and record as they are kept: new with the plan, the record also when foreign rules become the originals. */
export const plannedTexts = (
  stored: RolloutDocument,
  message: Message,
  context: RolloutContext,
  refusal: string | null,
): Pick<RolloutDocument, 'plan' | 'rollbackRecord'> => {
  const kept = { plan: stored.plan, rollbackRecord: stored.rollbackRecord };
  if (message.kind !== 'outcome' || refusal !== null) return kept;
  const { outcome } = message;
  if (outcome.kind === 'planned' && context.course !== null) {
    const { plan } = outcome;
    return { plan: JSON.stringify(plan), rollbackRecord: rollbackRecord(plan) };
  }
  if (outcome.kind !== 'adopted' || stored.rollbackRecord === null) return kept;
  const record = JSON.parse(stored.rollbackRecord) as RollbackRecord;
  return { plan: stored.plan, rollbackRecord: JSON.stringify({ ...record, routes: outcome.routes }) };
};

/** What a rollback needs when the machine itself is broken. Its shape never changes (protocol P5). */
export interface RollbackRecord {
  readonly record: 1;
  readonly cluster: string;
  readonly namespace: string;
  readonly oldPool: string;
  readonly newPool: string;
  readonly routes: readonly RoutePlan[];
}

const rollbackRecord = (plan: Plan): string =>
  JSON.stringify({
    record: 1,
    cluster: plan.cluster,
    namespace: plan.namespace,
    oldPool: plan.old.pool,
    newPool: plan.new.pool,
    routes: plan.routes,
  } satisfies RollbackRecord);
