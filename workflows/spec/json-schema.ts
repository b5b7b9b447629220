/** The rollout file's JSON Schema for editors (draft 2020-12), made from the schema that validates. */
import { parse } from 'yaml';
import * as z from 'zod';
import { must } from '../assert.ts';
import { ADAPTER_EXAMPLE, BASE_MODEL_EXAMPLE, NODE_EXAMPLE, SMALLEST_EXAMPLE } from './examples.ts';
import { FIELDS_OF_TYPES } from './fields-of-types.ts';
import { GATES_OF_TYPE } from './gate-names.ts';
import { rolloutFileSchema } from './schema.ts';

const SCHEMA_ID = 'https://sluice.dev/schemas/v1/rollout.json';

/** Any JSON Schema node, as zod writes it. */
export type JsonSchemaNode = z.core.JSONSchema.BaseSchema;

/** A schema of mappings that asks something of what lies at a path. */
const below = (path: readonly string[], asked: JsonSchemaNode | false): JsonSchemaNode => {
  const [step, ...rest] = path;
  if (step === undefined) return asked === false ? {} : asked;
  const inner = rest.length === 0 ? asked : below(rest, asked);
  return { type: 'object', properties: { [step]: inner } };
};

/** What `type` says about the rest, which only code knows otherwise. */
const dependsOnType = (): JsonSchemaNode => ({
  allOf: Object.keys(GATES_OF_TYPE).map((type) => {
    const unknown = FIELDS_OF_TYPES.filter(({ types }) => !types.some((one) => one === type));
    const then = [
      ...(NEEDED_BY_TYPE[type] ?? []),
      ...unknown.map(({ path, value }) =>
        below(path.slice(1), value === null ? false : { not: { const: value } }),
      ),
    ];
    return {
      if: { type: 'object', properties: { type: { const: type } }, required: ['type'] },
      // oxlint-disable-next-line unicorn/no-thenable -- that is what JSON Schema calls it
      then: { allOf: then },
    };
  }),
});

const RETIRED: JsonSchemaNode = {
  type: 'object',
  properties: { retention: { type: 'object', properties: { retire: {} }, required: ['retire'] }, to: {} },
  required: ['retention', 'to'],
};

const NEEDED_BY_TYPE: Readonly<Record<string, readonly JsonSchemaNode[]>> = {
  node: [RETIRED, below(['to', 'model'], false), below(['to', 'adapters'], false)],
  baseModel: [RETIRED, below(['to'], { type: 'object', properties: { model: {} }, required: ['model'] })],
  adapter: [
    { type: 'object', properties: { adapter: {} }, required: ['adapter'] },
    {
      not: {
        type: 'object',
        properties: {
          adapter: {
            type: 'object',
            properties: {
              to: { type: 'object', properties: { load: { const: 'loaded' } }, required: ['load'] },
            },
            required: ['to'],
          },
          retention: { type: 'object', properties: { retire: { const: 'unload' } }, required: ['retire'] },
        },
        required: ['adapter', 'retention'],
      },
    },
  ],
};

/**
 * The JSON Schema of the rollout file. It accepts every valid file and refuses most invalid ones; what it cannot
 * say (shares that grow, a deadline that is long enough) only `sluice validate` finds.
 */
export function rolloutJsonSchema(): JsonSchemaNode {
  const schema = annotatedJsonSchema();
  const text = JSON.stringify(schema, (key, value: unknown) => {
    if (key === 'x-default') return undefined;
    return isNode(value) && value['x-default'] !== undefined ? withDefaultInWords(value) : value;
  });
  const { properties, ...rest } = JSON.parse(text) as JsonSchemaNode;
  const spec = must(properties?.['spec'], 'schema of spec');
  return {
    ...rest,
    $id: SCHEMA_ID,
    title: 'Rollout',
    properties: { ...properties, spec: { ...(isNode(spec) ? spec : {}), ...dependsOnType() } },
    examples: [SMALLEST_EXAMPLE, NODE_EXAMPLE, BASE_MODEL_EXAMPLE, ADAPTER_EXAMPLE].map((example): unknown =>
      parse(example),
    ),
  };
}

/** As zod makes it, with our `x-default` where a default is said in words. */
export function annotatedJsonSchema(): JsonSchemaNode {
  return z.toJSONSchema(rolloutFileSchema, { io: 'input', target: 'draft-2020-12' });
}

function withDefaultInWords(node: JsonSchemaNode): JsonSchemaNode {
  const words = String(node['x-default']);
  return { ...node, description: `${node.description ?? ''} Default: ${words}.` };
}

function isNode(value: unknown): value is JsonSchemaNode {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
