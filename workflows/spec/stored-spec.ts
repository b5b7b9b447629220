/** The rollout spec as it lies in the rollout's document: plain JSON, checked when it is read back. */
import * as z from 'zod';
import { InvariantError } from '../errors.ts';
import { canonicalJson } from './canonical.ts';
import type { RolloutSpec } from './rollout-spec.ts';

const ms = z.number();

const capacity = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('onDemand'), deadlineMs: ms }),
  z.strictObject({ kind: z.literal('reservation'), reservation: z.string(), deadlineMs: ms }),
  z.strictObject({ kind: z.literal('spot'), deadlineMs: ms, acceptExpiry: z.boolean() }),
  z.strictObject({ kind: z.literal('flexStart'), deadlineMs: ms, acceptExpiry: z.boolean() }),
]);

const nodes = z.discriminatedUnion('kind', [
  z.strictObject({ kind: z.literal('same') }),
  z.strictObject({ kind: z.literal('nodePool'), nodePool: z.string() }),
  z.strictObject({ kind: z.literal('selector'), selector: z.record(z.string(), z.string()) }),
  z.strictObject({
    kind: z.literal('create'),
    name: z.string(),
    like: z.string(),
    machineType: z.string().nullable(),
    nodes: z.number(),
    zones: z.array(z.string()),
    capacity,
    keepAfterFailureMs: ms.nullable(),
  }),
]);

const to = z.strictObject({
  pool: z.string(),
  source: z.discriminatedUnion('kind', [
    z.strictObject({ kind: z.literal('existing') }),
    z.strictObject({ kind: z.literal('manifests'), paths: z.array(z.string()) }),
  ]),
  replicas: z.number().nullable(),
  nodes,
  model: z
    .strictObject({
      id: z.string(),
      revision: z.string().nullable(),
      servedNames: z.array(z.string()),
      maxModelLen: z.number().nullable(),
    })
    .nullable(),
  adapters: z.record(z.string(), z.enum(['same', 'drop'])),
});

const adapter = z.strictObject({
  alias: z.string(),
  from: z.string(),
  to: z.strictObject({ name: z.string(), source: z.string(), load: z.enum(['syncer', 'loaded']) }),
  pools: z.enum(['routes', 'one']),
});

/** Parses what `specToJson` wrote. */
export const rolloutSpecSchema: z.ZodType<RolloutSpec> = z.strictObject({
  name: z.string(),
  labels: z.record(z.string(), z.string()),
  type: z.enum(['node', 'baseModel', 'adapter']),
  cluster: z.string(),
  namespace: z.string(),
  from: z.strictObject({ pool: z.string(), autoscaler: z.enum(['pin', 'leave']) }),
  to,
  // What older rollouts were stored without has the value that they ran with.
  adapter: adapter.nullable().default(null),
  verify: z.strictObject({
    warmUpRequests: z.number(),
    deadlineMs: ms,
    adapterEffect: z.enum(['required', 'names', 'off']).default('names'),
    adapterPrompts: z.record(z.string(), z.array(z.string())).default({}),
  }),
  ladder: z.array(z.strictObject({ sharePercent: z.number(), bakeMs: ms, approval: z.boolean() })),
  pacing: z.strictObject({ settleMs: ms, warmUpMs: ms, extendFactor: z.number() }),
  objectives: z.strictObject({
    errorRatio: z.number(),
    ttft: z.strictObject({ overMs: ms, atMost: z.number() }).nullable(),
  }),
  gatesOff: z.array(z.string()),
  gateMinSamples: z.record(z.string(), z.number()),
  alerts: z.strictObject({
    policies: z.array(z.strictObject({ name: z.string(), blames: z.literal('new') })),
    holdWhileOpen: z.boolean(),
  }),
  windows: z.array(
    z.strictObject({
      days: z.array(z.number()),
      fromMinute: z.number(),
      toMinute: z.number(),
      timeZone: z.string(),
    }),
  ),
  approvals: z.strictObject({ notByStarter: z.boolean() }),
  priorities: z.enum(['auto', 'flip', 'leave']),
  rollback: z.strictObject({
    floorPercent: z.number(),
    onHoldForMs: ms,
    afterNewPodsMs: ms,
    afterNodePoolMs: ms.nullable(),
  }),
  retention: z.strictObject({ oldMs: ms, retire: z.enum(['delete', 'keep', 'unload']) }),
  deadlineMs: ms,
  acknowledge: z.array(z.string()),
});

/** The spec as it is stored: canonical JSON, so that equal specs have equal texts. */
export function specToJson(spec: RolloutSpec): string {
  return canonicalJson(spec);
}

/**
 * Reads back what `specToJson` wrote.
 * @throws InvariantError `spec-unreadable` when the text is something else.
 */
export function specFromJson(text: string): RolloutSpec {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (cause) {
    throw new InvariantError('spec-unreadable', 'The stored spec is not JSON.', { cause });
  }
  const parsed = rolloutSpecSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const where = parsed.error.issues[0]?.path.join('.') ?? '';
  throw new InvariantError('spec-unreadable', `The stored spec is not a spec at "${where}".`, {
    cause: parsed.error,
  });
}
