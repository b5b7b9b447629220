/**
 * The one schema of the rollout file. It validates (parse-rollout-file.ts adds places and words), it becomes the
 * JSON Schema for editors (json-schema.ts) and the reference (reference.ts). A field that is described here is
 * built, or is accepted with the one value that says what happens anyway; what else the format knows is refused
 * by not-supported-yet.ts. Defaults that depend on the type are filled in by spec-from-file.ts.
 */
import * as z from 'zod';
import { formatDuration, parseDuration } from '../time.ts';
import { checkType } from './check-type.ts';
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
import type { RolloutSpec } from './rollout-spec.ts';
import { adapterSchema } from './schema-adapter.ts';
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
import { verifySchema } from './schema-verify.ts';

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
        newAdapter: duration(0, 7 * DAY)
          .prefault('1h')
          .describe(
            'How long an adapter’s new version stays loaded after a rollback, where Sluice loaded it.',
          ),
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
      .meta({ 'x-default': '24h (node, adapter), 72h (baseModel)' }),
    retire: z
      .enum(['delete', 'keep', 'unload'])
      .optional()
      .describe(
        'What happens to the old side then. `delete`: the objects that the plan lists are deleted. `keep`: nothing is. ' +
          '`unload` (adapter): the old version is unloaded.',
      )
      .meta({ 'x-default': '**required** (node, baseModel); `keep` (adapter)' }),
    handover: z
      .literal('none')
      .prefault('none')
      .describe('Retiring does not wait for Git, Helm or Terraform.'),
  })
  .optional()
  .meta({ 'x-default': '**required** (node, baseModel)' })
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
      .enum(['node', 'baseModel', 'adapter'])
      .describe(
        'What changes. `node`: the machines, not the model. `baseModel`: the model. `adapter`: the version of a LoRA adapter.',
      ),
    mode: z.literal('full').prefault('full').describe('Sluice moves the traffic up and back.'),
    cluster,
    namespace: dnsLabel('a namespace', 63).describe('Namespace of the pools.'),
    routes: z
      .literal('all')
      .prefault('all')
      .describe('Every HTTPRoute that refers to the old pool; the plan lists them.'),
    after: emptyList.optional().describe('Rollouts to wait for: only `[]`.'),
    from,
    to: toSchema.optional().meta({ 'x-default': '**required** (node, baseModel)' }),
    adapter: adapterSchema.optional(),
    capacity: z
      .strictObject({
        mode: z.literal('full').prefault('full').describe('All replicas are brought up first.'),
      })
      .prefault({})
      .describe('When the new side’s replicas come.'),
    verify: verifySchema,
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

interface Timed {
  readonly type: RolloutSpec['type'];
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
  .describe(
    'A rollout of new nodes, a new base model or a new version of an adapter behind GKE Inference Gateway.',
  );

export type RolloutFile = z.output<typeof rolloutFileSchema>;
