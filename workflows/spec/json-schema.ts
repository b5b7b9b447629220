/** The rollout file's JSON Schema for editors (draft 2020-12), made from the schema that validates. */
import { parse } from 'yaml';
import * as z from 'zod';
import { must } from '../assert.ts';
import { BASE_MODEL_EXAMPLE, NODE_EXAMPLE, SMALLEST_EXAMPLE } from './examples.ts';
import { rolloutFileSchema } from './schema.ts';

const SCHEMA_ID = 'https://sluice.dev/schemas/v1/rollout.json';

/** Any JSON Schema node, as zod writes it. */
export type JsonSchemaNode = z.core.JSONSchema.BaseSchema;

/** What `type` says about the rest, which only refinements know. */
const DEPENDS_ON_TYPE: JsonSchemaNode = {
  if: { properties: { type: { const: 'baseModel' } }, required: ['type'] },
  // oxlint-disable-next-line unicorn/no-thenable -- that is what JSON Schema calls it
  then: { properties: { to: { type: 'object', properties: { model: {} }, required: ['model'] } } },
  else: {
    properties: { to: { type: 'object', properties: { model: false, adapters: false } } },
  },
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
    properties: { ...properties, spec: { ...(isNode(spec) ? spec : {}), ...DEPENDS_ON_TYPE } },
    examples: [SMALLEST_EXAMPLE, NODE_EXAMPLE, BASE_MODEL_EXAMPLE].map((example): unknown => parse(example)),
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
