/** What decides how the share grows: ladder, pacing, objectives, gates, alerts, windows. */
import * as z from 'zod';
import { GATES_OF_TYPE, type GateName, JUDGES, TRIPWIRES } from './gate-names.ts';
import {
  DAY,
  days,
  duration,
  HOUR,
  MINUTE,
  noDuplicates,
  number,
  refuse,
  text,
  timeOfDay,
  timeZone,
} from './leaves.ts';

const RUNGS_MAX = 30;
const SHARE_MIN = 0.1;

const rung = z.strictObject({
  share: number(SHARE_MIN, 100, 1).describe(
    'Percent of the traffic for the new side, above the rung before it.',
  ),
  bake: duration(10_000, 30 * DAY).describe(
    'How long the rung is watched, counted from the gateway’s confirmation; `pacing.settle` and `pacing.warmUp` are part of it.',
  ),
  approval: z.boolean().prefault(false).describe('Whether a person is asked before this share is set.'),
});

export const ladderSchema = z
  .array(rung)
  .meta({ minItems: 1, maxItems: RUNGS_MAX })
  .superRefine((rungs, context) => {
    if (rungs.length === 0) {
      const mend = 'Remove the field to get the default ladder, or name at least { share: 100, bake: 1h }.';
      refuse(context, { code: 'too-few-items', mend }, 'The ladder has no rung.');
    }
    if (rungs.length > RUNGS_MAX) {
      const what = `The ladder has ${rungs.length} rungs; at most ${RUNGS_MAX} are allowed.`;
      refuse(context, { code: 'too-many-items', mend: 'Remove some.' }, what);
    }
    for (const [index, { share }] of rungs.entries()) {
      const before = rungs[index - 1]?.share ?? 0;
      // Shares out of bounds have their own problem.
      if (share > before || share < SHARE_MIN) continue;
      const what = `The share ${share} is not above the ${before} before it.`;
      refuse(context, { code: 'share-not-growing', mend: 'Let the shares grow.' }, what, [index, 'share']);
    }
    const last = rungs.at(-1);
    if (last === undefined || last.share >= 100) return;
    const mend = 'Add { share: 100, bake: 1h }: its bake is the soak.';
    refuse(context, { code: 'last-rung-not-100', mend }, `The last share is ${last.share}, not 100.`, [
      rungs.length - 1,
      'share',
    ]);
  })
  .describe('The steps up. The last share is 100: its bake is the soak.');

export const pacingSchema = z
  .strictObject({
    settle: duration(0, HOUR)
      .prefault('60s')
      .describe('Time after the confirmation in which the load balancer’s front ends follow.'),
    warmUp: duration(0, 6 * HOUR)
      .optional()
      .describe('Time after that in which latency is not judged; errors are.')
      .meta({ 'x-default': '3m (node), 5m (baseModel), 1m (adapter)' }),
    extendFactor: number(1, 24, 1)
      .optional()
      .describe('Too few samples: the bake is extended up to this many times its length, then held.')
      .meta({ 'x-default': '6 (node, baseModel), 12 (adapter)' }),
  })
  .prefault({})
  .describe('How a rung’s bake is divided.');

const latencyObjective = z.strictObject({
  over: duration(1, 10 * MINUTE).describe(
    'A request slower than this counts; snapped to a histogram edge that the plan shows.',
  ),
  atMost: number(0.0001, 0.5, 4).describe('Proportion of such requests that is allowed, 0 to 1.'),
});

export const objectivesSchema = z
  .strictObject({
    errorRatio: number(0.0001, 0.5, 4)
      .prefault(0.01)
      .describe('Proportion of failed requests that is allowed, 0 to 1. The judges of errors use it.'),
    ttft: latencyObjective
      .optional()
      .describe('Time to the first token. The judge `ttft.slo` uses it.')
      .meta({ 'x-default': 'node: from the old side’s own latency; baseModel: not judged' }),
  })
  .prefault({})
  .describe('Absolute promises of the new side.');

const off = z.literal('off');
const judgeTuning = z.union([
  off,
  z.strictObject({
    minSamples: number(10, 1_000_000, 0).describe(
      'Requests, or probes, of the new side that the judge needs; `adapter.duration`: answers of either version.',
    ),
  }),
]);

const tune = z
  .strictObject({
    ...fieldsOf(TRIPWIRES, (name) =>
      off.optional().describe(`Tripwire${typesOf(name)}: \`off\` switches it off.`),
    ),
    ...fieldsOf(JUDGES, (name) =>
      judgeTuning.optional().describe(`Judge${typesOf(name)}: \`off\`, or its minimum of samples.`),
    ),
  })
  .prefault({})
  .describe('Changes to single gates, by name.');

function fieldsOf<Name extends string, Schema>(
  names: readonly Name[],
  schemaOf: (name: Name) => Schema,
): Record<Name, Schema> {
  return Object.fromEntries(names.map((name) => [name, schemaOf(name)])) as Record<Name, Schema>;
}

/** ` (adapter)` where not all types have the gate. */
function typesOf(name: GateName): string {
  const types = Object.entries(GATES_OF_TYPE).filter(([, gates]) => gates.includes(name));
  return types.length === 3 ? '' : ` (${types.map(([type]) => type).join(', ')})`;
}

export const gatesSchema = z
  .strictObject({
    defaults: z.literal(true).prefault(true).describe('All gates that are built take part.'),
    tune,
    extra: z.array(z.never()).meta({ maxItems: 0 }).optional().describe('Gates of your own: only `[]`.'),
  })
  .prefault({})
  .describe('Questions that decide whether a rung passes.');

export const metricsSchema = z
  .strictObject({
    source: z
      .literal('pods')
      .prefault('pods')
      .describe('Figures are read from the pods, through the API server.'),
    podMonitoring: z.literal('existing').optional().describe('PodMonitoring objects are not touched.'),
    project: z.null().optional().describe('The cluster’s project.'),
  })
  .prefault({})
  .describe('Where the figures come from.');

const policy = z.strictObject({
  name: text({
    code: 'bad-policy',
    kind: 'the name of an alert policy',
    mend: 'Write projects/PROJECT/alertPolicies/ID.',
    pattern: '^projects/[a-z0-9][a-z0-9.:\\-]*/alertPolicies/[A-Za-z0-9_\\-]+$',
    lengthMax: 300,
    examples: ['projects/acme/alertPolicies/123'],
  }).describe('Full resource name of the policy.'),
  blames: z.literal('new').prefault('new').describe('An incident of it rolls back.'),
});

export const alertsSchema = z
  .strictObject({
    managed: z.literal(false).prefault(false).describe('Sluice makes no alert policies of its own.'),
    policies: z
      .array(policy)
      .meta({ maxItems: 100 })
      .superRefine((policies, context) => {
        if (policies.length > 100) {
          refuse(
            context,
            { code: 'too-many-items', mend: 'Remove some.' },
            'More than 100 policies are named.',
          );
        }
        noDuplicates(
          policies.map(({ name }) => name),
          context,
          'name',
        );
      })
      .prefault([])
      .describe('Alert policies whose incidents roll the rollout back.'),
    holdWhileOpen: z
      .boolean()
      .prefault(true)
      .describe('No share grows while one of their incidents is open.'),
  })
  .prefault({})
  .describe('Alerts of Cloud Monitoring.');

const window = z
  .strictObject({
    days: days.describe('Days on which the window begins: names, ranges, lists of them, or `daily`.'),
    from: timeOfDay.describe('Local time at which it opens.'),
    to: timeOfDay.describe('Local time at which it closes; before `from`: on the next day.'),
    timeZone: timeZone.describe('IANA name.'),
  })
  .superRefine(({ from, to }, context) => {
    if (from % 1440 !== to % 1440 || (from === 0 && to === 1440)) return;
    const mend = 'For the whole day write from: "00:00" and to: "24:00".';
    refuse(context, { code: 'empty-window', mend }, 'The window closes at the time at which it opens.', [
      'to',
    ]);
  });

export const windowsSchema = z
  .array(window)
  .meta({ maxItems: 20 })
  .superRefine((windows, context) => {
    if (windows.length <= 20) return;
    refuse(context, { code: 'too-many-items', mend: 'Remove some.' }, 'More than 20 windows are named.');
  })
  .prefault([])
  .describe('Times at which a share may grow: their union; none: always. A rollback never waits.');
