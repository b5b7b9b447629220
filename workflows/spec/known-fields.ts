/** Which fields the schema knows where: for the nearest known key, and for fields in a wrong place. */
import { distance } from 'fastest-levenshtein';
import * as z from 'zod';
import { NOT_SUPPORTED_YET } from './not-supported-yet.ts';
import { type FieldPath, formatPath } from './problem.ts';
import { rolloutFileSchema } from './schema.ts';

type JsonSchema = z.core.JSONSchema.BaseSchema;

/** The schema as the functions below read it; made once per file, because that takes milliseconds. */
export function fieldIndex(): JsonSchema {
  return z.toJSONSchema(rolloutFileSchema, { io: 'input' });
}

const NAME_LENGTH_MAX = 64;

/** What people write when they come from other tools. */
const OTHER_WORDS: Readonly<Record<string, string>> = {
  weight: 'The percentage of a rung is called share.',
  percent: 'The percentage of a rung is called share.',
  setWeight: 'The percentage of a rung is called share.',
  duration: 'The time of a rung is called bake.',
  pause: 'The time of a rung is called bake; a question to a person is approval: true.',
  route: 'Routes are found: every HTTPRoute that refers to from.pool moves.',
  count: 'Use to.replicas for pods and to.nodes.create.nodes for nodes.',
  steps: 'The steps are called ladder.',
};

/** Fields of mappings at a path, in the order of the schema. Keys of maps with free keys are none. */
function knownFields(index: JsonSchema, path: FieldPath): readonly string[] {
  const built = fieldsAt(index, path).flatMap((schema) => Object.keys(schema.properties ?? {}));
  const unbuilt = NOT_SUPPORTED_YET.filter(
    (rule) =>
      rule.path.length === path.length + 1 && path.every((step, index) => fits(rule.path[index], step)),
  ).map((rule) => rule.path.at(-1) ?? '');
  return [...new Set([...built, ...unbuilt])].filter((name) => !/^(?:\*|\[.*\])$/u.test(name));
}

function fits(pattern: string | undefined, step: string | number): boolean {
  return pattern === '*' || pattern === step || (typeof step === 'number' && pattern === '[]');
}

export interface FieldAdvice {
  readonly mend: string;
  /** The known field that was probably meant. */
  readonly meant: string | null;
}

/** How to mend an unknown field: the nearest known one, the place where it belongs, or the fields there are. */
export function adviseOnField(index: JsonSchema, parent: FieldPath, name: string): FieldAdvice {
  const known = knownFields(index, parent);
  const meant = nearest(name, known);
  if (meant !== null) return { mend: `Did you mean ${meant}?`, meant };
  const elsewhere = placesOf(index, name);
  if (elsewhere.length > 0 && elsewhere.length <= 3) {
    return { mend: `It belongs elsewhere: ${elsewhere.join(' or ')}.`, meant };
  }
  const word = Object.hasOwn(OTHER_WORDS, name) ? OTHER_WORDS[name] : undefined;
  if (word !== undefined) return { mend: word, meant };
  return { mend: known.length === 0 ? 'Remove it.' : `Remove it. Known here: ${known.join(', ')}.`, meant };
}

/** The nearest of some names, when it is near enough to be meant. */
export function nearest(name: string, known: readonly string[]): string | null {
  if (name.length > NAME_LENGTH_MAX) return null;
  let best: string | null = null;
  let bestDistance = Math.max(1, Math.floor(name.length / 3)) + 1;
  for (const candidate of known) {
    const apart = distance(name.toLowerCase(), candidate.toLowerCase());
    if (apart < bestDistance && apart < candidate.length) {
      best = candidate;
      bestDistance = apart;
    }
  }
  return best;
}

function fieldsAt(index: JsonSchema, path: FieldPath): readonly JsonSchema[] {
  let here: readonly JsonSchema[] = alternatives(index);
  for (const step of path) here = here.flatMap((schema) => below(schema, step)).flatMap(alternatives);
  return here;
}

function below(schema: JsonSchema, step: string | number): readonly JsonSchema[] {
  const child =
    typeof step === 'number' ? schema.items : (schema.properties?.[step] ?? schema.additionalProperties);
  return typeof child === 'object' && !Array.isArray(child) ? [child as JsonSchema] : [];
}

function alternatives(schema: JsonSchema): readonly JsonSchema[] {
  return schema.anyOf === undefined ? [schema] : (schema.anyOf as readonly JsonSchema[]);
}

function placesOf(index: JsonSchema, name: string): readonly string[] {
  const places: string[] = [];
  const visit = (schema: JsonSchema, path: FieldPath): void => {
    for (const option of alternatives(schema)) {
      for (const [key, child] of Object.entries(option.properties ?? {})) {
        if (key === name) places.push(formatPath([...path, key]));
        if (typeof child === 'object') visit(child, [...path, key]);
      }
      if (typeof option.items === 'object' && !Array.isArray(option.items)) {
        visit(option.items as JsonSchema, [...path, 0]);
      }
    }
  };
  visit(index, []);
  return places;
}
