/** `spec.to` of the rollout file: what the new side is, and where its pods run. */
import * as z from 'zod';
import {
  DAY,
  dnsLabel,
  duration,
  durationOrForever,
  HOUR,
  labels,
  line,
  MINUTE,
  noDuplicates,
  number,
  objectName,
  refuse,
  text,
} from './leaves.ts';

const manifestPath = text({
  code: 'bad-path',
  kind: 'a path of manifests',
  mend: 'Write a file path or pattern such as ./new/*.yaml, relative to this file.',
  pattern: '^(?![A-Za-z][A-Za-z0-9+.\\-]*://)\\S(.*\\S)?$',
  lengthMax: 500,
  examples: ['./new/*.yaml'],
});

const source = z
  .union([
    z.literal('existing'),
    z.strictObject({
      manifests: z
        .array(manifestPath)
        .meta({ minItems: 1, maxItems: 100 })
        .superRefine((paths, context) => {
          if (paths.length === 0) {
            const mend = 'Name at least one file, e.g. [./new/*.yaml].';
            refuse(context, { code: 'too-few-items', mend }, 'No manifests are named.');
          }
          if (paths.length > 100) {
            const mend = 'Use a pattern such as ./new/*.yaml.';
            refuse(context, { code: 'too-many-items', mend }, 'More than 100 manifests are named.');
          }
          noDuplicates(paths, context);
        })
        .describe('Files, or patterns of files, with the objects of the new side, relative to this file.'),
    }),
  ])
  .describe(
    'Where the new side comes from. `existing`: it is deployed already, by Git or Helm, and Sluice only moves ' +
      'the traffic. `{ manifests: [./new/*.yaml] }`: Sluice creates the objects of these files.',
  );

const nothing = z.strictObject({});

/** What a capacity option may name: exactly one. */
const CAPACITY_KINDS = ['onDemand', 'reservation', 'spot', 'flexStart'] as const;

const capacityOption = z
  .strictObject({
    onDemand: nothing.optional().describe('Ordinary nodes: `{}`.'),
    reservation: dnsLabel('a reservation', 63).optional().describe('Name of a reservation of the project.'),
    spot: nothing.optional().describe('Spot nodes: `{}`. They may be taken away at any time.'),
    flexStart: nothing.optional().describe('Flex-start nodes: `{}`. They end after 7 days.'),
    deadline: duration(MINUTE, 14 * DAY)
      .optional()
      .describe('How long to wait for the nodes.')
      .meta({ 'x-default': '20m; 6h with `flexStart`' }),
    acceptExpiry: z
      .boolean()
      .optional()
      .describe('Must be true for `spot` and `flexStart`: the nodes end without being asked.')
      .meta({ 'x-default': 'false' }),
  })
  .superRefine((option, context) => {
    const kinds = CAPACITY_KINDS.filter((kind) => option[kind] !== undefined);
    const choice = CAPACITY_KINDS.join(', ');
    if (kinds.length !== 1) {
      const what =
        kinds.length === 0 ? 'The option names no capacity.' : `The option names ${kinds.join(' and ')}.`;
      refuse(context, { code: 'capacity-choice', mend: `Name exactly one of ${choice}.` }, what);
      return;
    }
    const expires = kinds[0] === 'spot' || kinds[0] === 'flexStart';
    if (expires && option.acceptExpiry !== true) {
      const mend = 'Add acceptExpiry: true when the rollout and what follows can live with that.';
      const what =
        kinds[0] === 'spot'
          ? 'Spot nodes may be taken away at any time.'
          : 'Flex-start nodes end after 7 days.';
      refuse(context, { code: 'expiry-not-accepted', mend }, what);
    }
    if (!expires && option.acceptExpiry === true) {
      const what = `Capacity of the kind ${kinds[0]} does not expire.`;
      refuse(context, { code: 'needless-field', mend: 'Remove acceptExpiry.', at: 'key' }, what, [
        'acceptExpiry',
      ]);
    }
  });

const create = z
  .strictObject({
    name: dnsLabel('a node pool', 40).describe('First part of the new node pool’s name.'),
    like: dnsLabel('a node pool', 40).describe(
      'Existing node pool whose service account, metadata mode, disks, tags, drivers and networks are copied.',
    ),
    machineType: text({
      code: 'bad-name',
      kind: 'a machine type',
      mend: 'Write it as Compute Engine does, e.g. a3-ultragpu-8g.',
      pattern: '^[a-z][a-z0-9]*(-[a-z0-9]+)+$',
      lengthMax: 63,
      examples: ['a3-ultragpu-8g'],
    })
      .optional()
      .describe('Machine type of the nodes.')
      .meta({ 'x-default': 'that of `like`' }),
    nodes: number(1, 2000, 0).describe('Number of nodes in total, not per zone.'),
    zones: z
      .array(
        text({
          code: 'bad-name',
          kind: 'a zone',
          mend: 'Write a zone such as us-central1-b.',
          pattern: '^[a-z]+(-[a-z]+)+[0-9]+-[a-z]$',
          lengthMax: 63,
          examples: ['us-central1-b'],
        }),
      )
      .superRefine((zones, context) => noDuplicates(zones, context))
      .optional()
      .describe('Zones of the nodes.')
      .meta({ 'x-default': 'those of `like`' }),
    capacity: z
      .array(capacityOption)
      .meta({ minItems: 1, maxItems: 1 })
      .superRefine((options, context) => {
        if (options.length > 0) return;
        const mend = 'Name one option, e.g. [{ onDemand: {} }].';
        refuse(context, { code: 'capacity-missing', mend }, 'No capacity option is given.');
      })
      .describe('Where the accelerators come from: exactly one option.'),
    onFallback: z
      .literal('ask')
      .prefault('ask')
      .describe('With one option there is nothing to fall back to: a person is asked.'),
    keepAfterFailure: durationOrForever(30 * DAY)
      .prefault('24h')
      .describe('How long the node pool is kept when the rollout fails: a duration, 0 or `forever`.'),
  })
  .superRefine(({ nodes, zones = [] }, context) => {
    if (zones.length < 2 || nodes % zones.length === 0) return;
    const mend = `Write a multiple of ${zones.length}, or name fewer zones.`;
    const what = `${nodes} nodes cannot be spread evenly over ${zones.length} zones.`;
    refuse(context, { code: 'nodes-uneven', mend }, what, ['nodes']);
  });

const NODES_KINDS = ['nodePool', 'selector', 'create'] as const;

const nodes = z
  .union([
    z.literal('same'),
    z
      .strictObject({
        nodePool: dnsLabel('a node pool', 40).optional().describe('An existing node pool.'),
        selector: labels(20)
          .meta({ minProperties: 1 })
          .superRefine((selector, context) => {
            if (Object.keys(selector).length > 0) return;
            const mend = 'Name at least one label, or write nodes: same.';
            refuse(context, { code: 'too-few-items', mend }, 'The selector is empty.');
          })
          .optional()
          .describe('Labels of existing nodes, which the templates of the new pods select already.'),
        create: create.optional().describe('A node pool that Sluice creates.'),
      })
      .meta({ minProperties: 1, maxProperties: 1 })
      .superRefine((value, context) => {
        const kinds = NODES_KINDS.filter((kind) => value[kind] !== undefined);
        if (kinds.length === 1) return;
        const mend = `Name exactly one of ${NODES_KINDS.join(', ')}, or write nodes: same.`;
        const what =
          kinds.length === 0 ? 'No way to get nodes is named.' : `Both ${kinds.join(' and ')} are named.`;
        refuse(context, { code: 'nodes-choice', mend }, what);
      }),
  ])
  .prefault('same')
  .describe('Where the new pods run: `same` (the nodes of the old side) or exactly one of the following.');

const model = z
  .strictObject({
    id: line('the name of a model', 300).describe('The model that comes, as its publisher names it.'),
    revision: line('a revision', 100).optional().describe('Revision of its weights, for the records.'),
    servedNames: z
      .array(line('the name of a model', 300))
      .meta({ minItems: 1, maxItems: 50 })
      .superRefine((names, context) => {
        if (names.length === 0) {
          const mend = 'Name every model name that clients send.';
          refuse(context, { code: 'too-few-items', mend }, 'No served name is given.');
        }
        if (names.length > 50) {
          refuse(
            context,
            { code: 'too-many-items', mend: 'Remove some.' },
            'More than 50 served names are given.',
          );
        }
        noDuplicates(names, context);
      })
      .describe('Names that the new servers answer to. Must cover every name in the traffic.'),
    maxModelLen: number(1, 100_000_000, 0)
      .optional()
      .describe('Context length of the new servers, in tokens. Must not be less than the old side’s.'),
  })
  .describe('baseModel only, and needed there: the model that comes.');

const adapters = z
  .record(z.string(), z.enum(['same', 'drop']))
  .superRefine((value, context) => {
    for (const name of Object.keys(value)) {
      if (/^\S{1,300}$/u.test(name)) continue;
      const mend = 'Write the name that clients send.';
      refuse(context, { code: 'bad-name', mend, at: 'key' }, 'This is not the name of an adapter.', [name]);
    }
    if (Object.keys(value).length > 500) {
      refuse(context, { code: 'too-many-items', mend: 'Remove some.' }, 'More than 500 adapters are named.');
    }
  })
  .describe(
    'baseModel only: every adapter of the old side needs a line. `same`: the new side serves it too. `drop`: it ends.',
  );

export const toSchema = z
  .strictObject({
    pool: objectName('an InferencePool').describe('InferencePool of the new side.'),
    source,
    replicas: number(1, 10_000, 0)
      .optional()
      .describe('Replicas of the new side at a share of 100.')
      .meta({ 'x-default': 'as many as the old side has' }),
    nodes,
    overrides: nothing.optional().describe('Nothing can be overridden: only `{}`.'),
    model: model.optional(),
    adapters: adapters.optional(),
  })
  .describe('The new side.');

/** Defaults of a capacity option's deadline. */
export const CAPACITY_DEADLINE_MS = {
  onDemand: HOUR / 3,
  reservation: HOUR / 3,
  spot: HOUR / 3,
  flexStart: 6 * HOUR,
};
