import type { protos } from '@google-cloud/container';
import type { GkeOperation } from '../../workflows/ports.ts';
import { errorCodeOf } from './gke-errors.ts';

type ProtoOperation = protos.google.container.v1.IOperation;
type Condition = 'GCE_STOCKOUT' | 'GCE_QUOTA_EXCEEDED' | 'OTHER';

const STATUSES: ReadonlySet<unknown> = new Set<GkeOperation['status']>([
  'PENDING',
  'RUNNING',
  'DONE',
  'ABORTING',
]);

/** Texts of Compute Engine that GKE passes on; the conditions are deprecated and often empty. */
const STOCKOUT =
  /GCE_STOCKOUT|ZONE_RESOURCE_POOL_EXHAUSTED|resource_availability|does not have enough resources available|stockout/i;
const QUOTA =
  /GCE_QUOTA_EXCEEDED|QUOTA_EXCEEDED|insufficient (regional )?quota|quota '?[\w-]*'? ?(was )?exceeded|exceeded quota/i;

/** @param codes Of the operation's conditions. A condition says it outright, a text only probably. */
const conditionOf = (codes: readonly unknown[], message: string): Condition => {
  for (const known of ['GCE_STOCKOUT', 'GCE_QUOTA_EXCEEDED'] as const)
    if (codes.includes(known)) return known;
  if (STOCKOUT.test(message)) return 'GCE_STOCKOUT';
  return QUOTA.test(message) ? 'GCE_QUOTA_EXCEEDED' : 'OTHER';
};

/** `error` since the conditions and `statusMessage` are deprecated; an older server has only those. */
const errorOf = (operation: ProtoOperation): GkeOperation['error'] => {
  const conditions = [...(operation.nodepoolConditions ?? []), ...(operation.clusterConditions ?? [])];
  const code = operation.error?.code ?? 0;
  const statusMessage = operation.statusMessage ?? '';
  if (code === 0 && statusMessage === '') return undefined;
  const message = operation.error?.message || statusMessage || conditions[0]?.message || 'no reason given';
  const texts = [message, statusMessage, ...conditions.map((condition) => condition.message ?? '')];
  return {
    code: errorCodeOf(code),
    message,
    condition: conditionOf(
      conditions.map((condition) => condition.code),
      texts.join('\n'),
    ),
  };
};

export const operationOf = (operation: ProtoOperation): GkeOperation => {
  const { status } = operation;
  const error = errorOf(operation);
  return {
    name: operation.name ?? '',
    operationType: String(operation.operationType ?? 'TYPE_UNSPECIFIED'),
    // A status without a name here is one that has not ended.
    status: STATUSES.has(status) ? (status as GkeOperation['status']) : 'PENDING',
    targetLink: operation.targetLink ?? '',
    ...(error === undefined ? {} : { error }),
  };
};
