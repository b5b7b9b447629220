import type { Field } from '../world/kubernetes/field-table.ts';

/** What a field table says of types, as an OpenAPI schema. */
export function schemaOf(field: Field): Readonly<Record<string, unknown>> {
  switch (field.type) {
    case 'object':
      return {
        type: 'object',
        properties: Object.fromEntries(
          Object.entries(field.fields).map(([name, child]) => [name, schemaOf(child)]),
        ),
        ...(field.required.length === 0 ? {} : { required: field.required }),
        ...(field.open ? { 'x-kubernetes-preserve-unknown-fields': true } : {}),
      };
    case 'list':
      return { type: 'array', items: schemaOf(field.items) };
    case 'map':
      return { type: 'object', additionalProperties: schemaOf(field.values) };
    case 'string':
      return { type: 'string', ...(field.oneOf === undefined ? {} : { enum: field.oneOf }) };
    case 'integer':
      return { type: 'integer', format: 'int64' };
    case 'boolean':
      return { type: 'boolean' };
    case 'intOrString':
      return { 'x-kubernetes-int-or-string': true };
    case 'any':
      return { 'x-kubernetes-preserve-unknown-fields': true };
  }
}
