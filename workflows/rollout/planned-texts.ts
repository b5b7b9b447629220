/** What is frozen with the plan: the plan itself, and what a way back needs when the machine is broken. */
import { at, fieldsOf, itemsOf, textAt } from '../plans/fields.ts';
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
  /** Pools, or both versions of an adapter. */
  readonly oldPool: string;
  readonly newPool: string;
  readonly routes: readonly RoutePlan[];
}

const isText = (value: unknown): boolean => typeof value === 'string';

const isRoute = (route: unknown): boolean => {
  const { namespace, name, uid } = fieldsOf(route);
  return (
    [namespace, name, uid].every(isText) &&
    Array.isArray(at(route, 'rules')) &&
    itemsOf(at(route, 'rules')).every(
      (rule) =>
        Number.isSafeInteger(at(rule, 'index')) &&
        Array.isArray(at(rule, 'originals')) &&
        itemsOf(at(rule, 'originals')).every((ref) => textAt(ref, 'name') !== null),
    )
  );
};

/** Reads back what was kept for the way back without the machine; null where it cannot be followed. */
export const readRollbackRecord = (text: string): RollbackRecord | null => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return null;
  }
  const { cluster, namespace, oldPool, newPool, routes } = fieldsOf(value);
  const isRead =
    [cluster, namespace, oldPool, newPool].every(isText) && Array.isArray(routes) && routes.every(isRoute);
  return isRead ? (value as RollbackRecord) : null;
};

const rollbackRecord = (plan: Plan): string =>
  JSON.stringify({
    record: 1,
    cluster: plan.cluster,
    namespace: plan.namespace,
    oldPool: plan.adapter?.from ?? plan.old.pool,
    newPool: plan.adapter?.to ?? plan.new.pool,
    routes: plan.routes,
  } satisfies RollbackRecord);
