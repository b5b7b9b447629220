/** The plan as it lies in the rollout's document. Checked when it is read back: hands rely on every field of it. */
import * as z from 'zod';
import { InvariantError } from '../errors.ts';
import type { Plan, RoutePlan } from './plan.ts';

const texts = z.array(z.string());
const labels = z.record(z.string(), z.string());
const ms = z.number();

const identity = z.looseObject({
  group: z.string(),
  version: z.string(),
  plural: z.string(),
  kind: z.string(),
  namespace: z.string().nullable(),
  name: z.string(),
  uid: z.string(),
});

const side = z.looseObject({
  pool: z.string(),
  selector: labels,
  port: z.number(),
  picker: z
    .looseObject({ service: z.string(), selector: labels, metricsPort: z.number().nullable() })
    .nullable(),
  replicas: z.number(),
});

const carrier = z.looseObject({
  group: z.string(),
  version: z.string(),
  plural: z.string(),
  kind: z.string(),
  pool: z.string(),
  alias: z.string(),
  isCreated: z.boolean(),
  listWasAbsent: z.boolean(),
});

const adapter = z.looseObject({
  alias: z.string(),
  from: z.string(),
  to: z.string(),
  source: z.string(),
  pools: z.array(side).min(1),
  syncers: z.array(
    z.looseObject({
      namespace: z.string(),
      name: z.string(),
      uid: z.string(),
      key: z.string(),
      newWasThere: z.boolean(),
    }),
  ),
  confirmedBy: z.enum(['picker', 'settle']),
  unloadsOld: z.boolean(),
});

const route = z.looseObject({
  carrier: carrier.optional(),
  namespace: z.string(),
  name: z.string(),
  uid: z.string(),
  gateways: z.array(z.looseObject({ namespace: z.string(), name: z.string() })),
  rules: z.array(
    z.looseObject({
      index: z.int(),
      originals: z.array(z.looseObject({ name: z.string() })),
      newRefWasThere: z.boolean(),
    }),
  ),
});

const created = z.looseObject({
  stage: z.enum(['cheap', 'workload']),
  plural: z.string(),
  group: z.string(),
  version: z.string(),
  namespace: z.string().nullable(),
  object: z.looseObject({
    apiVersion: z.string(),
    kind: z.string(),
    metadata: z.looseObject({ name: z.string() }),
  }),
});

const nodePool = z.looseObject({
  nodePool: z.looseObject({ name: z.string(), config: z.looseObject({ machineType: z.string() }) }),
});

const plan = z.looseObject({
  cluster: z.string(),
  namespace: z.string(),
  old: side,
  new: side,
  adapter: adapter.optional(),
  routes: z.array(route),
  nodePool: nodePool.nullable(),
  create: z.array(created),
  delete: z.array(identity),
  ladder: z.array(z.looseObject({ sharePercent: z.number(), realSharePercent: z.number(), bakeMs: ms })),
  gates: z.looseObject({ tripwires: texts, ttft: z.looseObject({ edgeSeconds: z.number() }).nullable() }),
  verify: z.looseObject({ servedNames: texts, adapters: texts, warmUpRequests: z.number() }),
  objectives: z.looseObject({ objects: z.array(z.looseObject({ identity, poolRefName: z.string() })) }),
  alerts: z.looseObject({ project: z.string(), policies: texts, holdWhileOpen: z.boolean() }),
  rollback: z.looseObject({ floorPercent: z.number() }),
  drainMs: ms,
  locks: texts,
});

const refuse = (what: string, cause: unknown): never => {
  throw new InvariantError('plan-unreadable', `The stored ${what} cannot be read.`, { cause });
};

/**
 * Reads back a stored plan: the very value of the text, in its order of keys, for originals are restored byte for byte.
 * @throws InvariantError `plan-unreadable` when the text is something else.
 */
export const planFromJson = (text: string): Plan => {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    return refuse('plan', cause);
  }
  const parsed = plan.safeParse(value);
  return parsed.success ? (value as Plan) : refuse('plan', parsed.error);
};

/** The routes that `resume --adopt` made the originals, as the context keeps them. @throws InvariantError `plan-unreadable`. */
export const adoptedFrom = (routes: unknown): readonly RoutePlan[] => {
  const parsed = z.array(route).safeParse(routes);
  return parsed.success ? (routes as readonly RoutePlan[]) : refuse('routes of the context', parsed.error);
};
