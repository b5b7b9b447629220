/**
 * The one schema of the rollout file. It validates (parse-rollout-file.ts adds places and words), it becomes the
 * JSON Schema for editors (json-schema.ts) and the reference (reference.ts). A field that is described here is
 * built, or is accepted with the one value that says what happens anyway; what else the format knows is refused
 * by not-supported-yet.ts. Defaults that depend on the type are filled in by spec-from-file.ts.
 */
import * as z from 'zod';
import { formatDuration, parseDuration } from '../time.ts';
import { DEFAULTS_OF_TYPE } from './defaults-of-type.ts';
import {
  DAY,
  dnsLabel,
  duration,
  durationOrForever,
  labels,
  MINUTE,
  noDuplicates,
  number,
  objectName,
  type RefusalContext,
  refuse,
  text,
} from './leaves.ts';
import {
  alertsSchema,
  gatesSchema,
  ladderSchema,
  metricsSchema,
  objectivesSchema,
  pacingSchema,
  windowsSchema,
} from './schema-growth.ts';
import { toSchema } from './schema-to.ts';

const emptyList = z.array(z.never()).meta({ maxItems: 0 });

const cluster = text({
  code: 'bad-cluster',
  kind: 'the full name of a cluster',
  mend: 'Write projects/PROJECT/locations/LOCATION/clusters/NAME, with the project’s id, not its number.',
  pattern:
    '^projects/([a-z][a-z0-9.\\-]*:)?[a-z][a-z0-9\\-]*/locations/[a-z]+(-[a-z0-9]+)+/clusters/[a-z][a-z0-9\\-]*$',
  lengthMax: 300,
  examples: ['projects/acme/locations/us-central1/clusters/inference'],
}).describe('Full resource name of the GKE cluster.');

const from = z
  .strictObject({
    pool: objectName('an InferencePool').describe('InferencePool that serves today. Its routes are found.'),
    autoscaler: z
      .enum(['pin', 'leave'])
      .prefault('pin')
      .describe(
        'What happens to an autoscaler of the old side. `leave`: it is left alone. `pin`: it is kept from shrinking ' +
          'the old side; not in this version, so that preflight refuses an old side with an autoscaler.',
      ),
  })
  .describe('The old side.');

const verify = z
  .strictObject({
    via: z.literal('apiServer').prefault('apiServer').describe('Pods are asked through the API server.'),
    door: z.literal('off').prefault('off').describe('No route of its own to the new side.'),
    warmUp: number(0, 10_000, 0).prefault(20).describe('Requests that warm each new pod up.'),
    adapters: z
      .strictObject({
        effect: z.literal('names').prefault('names').describe('Adapters are proved by name.'),
        prompts: z.strictObject({}).optional().describe('Prompts of your own: only `{}`.'),
      })
      .prefault({})
      .describe('How adapters are proved.'),
    requests: emptyList.optional().describe('Requests of your own: only `[]`.'),
    deadline: duration(MINUTE, DAY)
      .prefault('30m')
      .describe('Pods that are not proved by then fail the rollout.'),
  })
  .prefault({})
  .describe('What each new pod must show before any traffic.');

const rollback = z
  .strictObject({
    floor: number(1, 100, 0)
      .prefault(100)
      .describe('Percent of today’s replicas that the old side must keep until promoted.'),
    onHoldFor: duration(MINUTE, 30 * DAY)
      .prefault('8h')
      .describe('A hold that lasts so long rolls back.'),
    after: z
      .strictObject({
        newPods: duration(0, 7 * DAY)
          .prefault('1h')
          .describe('How long new pods are kept after a rollback.'),
        nodePool: durationOrForever(30 * DAY)
          .prefault('24h')
          .describe('How long a created node pool is kept after a rollback: a duration, 0 or `forever`.'),
      })
      .prefault({})
      .describe('How long what was built is kept.'),
  })
  .prefault({})
  .describe('The way back.');

const retention = z
  .strictObject({
    old: duration(0, 30 * DAY)
      .optional()
      .describe('How long the old side is kept ready to take the traffic back after 100 %.')
      .meta({ 'x-default': '24h (node), 72h (baseModel)' }),
    retire: z
      .enum(['delete', 'keep'])
      .describe(
        'What happens to the old side then. `delete`: the objects that the plan lists are deleted. `keep`: nothing is.',
      ),
    handover: z
      .literal('none')
      .prefault('none')
      .describe('Retiring does not wait for Git, Helm or Terraform.'),
  })
  .describe('What happens after 100 %.');

const acknowledge = z
  .array(
    text({
      code: 'bad-name',
      kind: 'a code of a warning',
      mend: 'Write the code as the plan shows it, e.g. adapter-dropped.',
      pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)*$',
      lengthMax: 60,
    }),
  )
  .meta({ maxItems: 100 })
  .superRefine((codes, context) => {
    noDuplicates(codes, context);
    if (codes.length > 100)
      refuse(context, { code: 'too-many-items', mend: 'Remove some.' }, 'More than 100 codes.');
  })
  .prefault([])
  .describe('Codes of preflight’s warnings that are accepted for this rollout.');

const spec = z
  .strictObject({
    type: z
      .enum(['node', 'baseModel'])
      .describe('What changes. `node`: the machines, not the model. `baseModel`: the model.'),
    mode: z.literal('full').prefault('full').describe('Sluice moves the traffic up and back.'),
    cluster,
    namespace: dnsLabel('a namespace', 63).describe('Namespace of both pools.'),
    routes: z
      .literal('all')
      .prefault('all')
      .describe('Every HTTPRoute that refers to the old pool; the plan lists them.'),
    after: emptyList.optional().describe('Rollouts to wait for: only `[]`.'),
    from,
    to: toSchema,
    capacity: z
      .strictObject({
        mode: z.literal('full').prefault('full').describe('All replicas are brought up first.'),
      })
      .prefault({})
      .describe('When the new side’s replicas come.'),
    verify,
    ladder: ladderSchema.optional().meta({ 'x-default': 'see below' }),
    pacing: pacingSchema,
    objectives: objectivesSchema,
    gates: gatesSchema,
    metrics: metricsSchema,
    alerts: alertsSchema,
    windows: windowsSchema,
    approvals: z
      .strictObject({
        notByStarter: z
          .boolean()
          .prefault(true)
          .describe('Who started the rollout may not approve its rungs.'),
      })
      .prefault({})
      .describe('Who may approve.'),
    priorities: z
      .enum(['auto', 'flip', 'leave'])
      .prefault('auto')
      .describe(
        'InferenceObjectives of the old pool. `auto`: flipped to the new pool with the majority of the traffic where ' +
          'priorities matter. `flip`: always. `leave`: never.',
      ),
    rollback,
    retention,
    deadline: duration(MINUTE, 90 * DAY)
      .prefault('3d')
      .describe('From the start to a share of 100.'),
    notify: emptyList.optional().describe('Webhooks: only `[]`.'),
    acknowledge,
  })
  .superRefine((value, context) => checkType(value, context), { when: () => true })
  .superRefine((value, context) => checkDeadline(value, context))
  .describe('What to do.');

/** Runs even where other fields are wrong, so it may rely on nothing. */
function checkType(value: unknown, context: RefusalContext): void {
  if (!isRecord(value) || !isRecord(value['to'])) return;
  const { type, from: old, to } = value;
  if (isRecord(old) && typeof old['pool'] === 'string' && old['pool'] === to['pool']) {
    const mend = 'Name the pool that the traffic moves to; the old one stays under from.';
    refuse(context, { code: 'same-pool', mend }, 'The new pool is the old pool.', ['to', 'pool']);
  }
  if (type === 'baseModel' && !('model' in to)) {
    const mend = 'Add model: { id: …, servedNames: […] }, or write type: node when the model stays.';
    refuse(context, { code: 'model-missing', mend }, 'A baseModel rollout must say which model comes.', [
      'to',
    ]);
  }
  if (type !== 'node') return;
  const mend = 'Remove it, or write type: baseModel when the model changes.';
  for (const [field, code] of [
    ['model', 'model-not-allowed'],
    ['adapters', 'adapters-not-allowed'],
  ] as const) {
    if (!(field in to) || to[field] === undefined) continue;
    const what = `to.${field} is not allowed in a node rollout: the model stays.`;
    refuse(context, { code, mend, at: 'key' }, what, ['to', field]);
  }
}

interface Timed {
  readonly type: 'node' | 'baseModel';
  readonly ladder?: readonly { readonly share: number; readonly bake: number }[] | undefined;
  readonly deadline: number;
}

function checkDeadline(value: Timed, context: RefusalContext): void {
  const ladder = value.ladder ?? DEFAULTS_OF_TYPE[value.type].ladder.map(toMs);
  const bakesMs = ladder.reduce((sumMs, { share, bake }) => (share < 100 ? sumMs + bake : sumMs), 0);
  if (bakesMs < value.deadline) return;
  const mend = 'Make the deadline longer: samples, approvals and windows take time as well.';
  const what = `The bakes below 100 alone take ${formatDuration(bakesMs)}; the deadline is ${formatDuration(value.deadline)}.`;
  refuse(context, { code: 'deadline-too-short', mend }, what, ['deadline']);
}

function toMs({ share, bake }: { readonly share: number; readonly bake: string }) {
  return { share, bake: parseDuration(bake) ?? 0 };
}

function isRecord(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** The whole file. Its output has durations in milliseconds and times of day in minutes. */
export const rolloutFileSchema = z
  .strictObject({
    apiVersion: z.literal('sluice.dev/v1').describe('Version of the format.'),
    kind: z.literal('Rollout').describe('What the file is.'),
    metadata: z
      .strictObject({
        name: dnsLabel('a rollout', 40).describe('Name of the rollout; a counter is added when it starts.'),
        labels: labels(20).prefault({}).describe('Labels of your own, e.g. a team or a ticket.'),
      })
      .describe('How the rollout is called.'),
    spec,
  })
  .describe('A rollout of new nodes or a new base model behind GKE Inference Gateway.');

export type RolloutFile = z.output<typeof rolloutFileSchema>;
