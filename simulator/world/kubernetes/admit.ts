import type { Field, IntegerField, ListField, MapField, ObjectField, StringField } from './field-table.ts';
import { type Dict, isDict } from './json.ts';

/** What is wrong with one field; `reason` is the API's word, e.g. `FieldValueRequired`. */
export interface FieldError {
  readonly reason: string;
  readonly field: string;
  readonly message: string;
}

/** What came out of looking at an object. */
export interface Admission {
  readonly value: Dict;
  readonly errors: readonly FieldError[];
  /** Errors of validation rules; they count only when no other error keeps the rules from being run. */
  readonly ruleErrors: readonly FieldError[];
  /** Paths of fields that were dropped because nobody knows them. */
  readonly unknown: readonly string[];
}

interface Context {
  readonly path: (string | number)[];
  readonly errors: FieldError[];
  readonly ruleErrors: FieldError[];
  readonly unknown: string[];
  readonly fillIn: boolean;
}

/**
 * One walk over an object along its table: drops unknown fields, fills in defaults, checks limits and rules. What needs no
 * change is shared, and what is the very same as in `before` is not looked at again: it was admitted once.
 *
 * @param fillIn false: defaults stay out (the server does so for an object whose kind it does not know).
 */
export function admit(field: ObjectField, value: Dict, before: Dict | null, fillIn = true): Admission {
  const context: Context = { path: [], errors: [], ruleErrors: [], unknown: [], fillIn };
  const admitted = walk(field, value, before ?? undefined, context);
  return {
    value: isDict(admitted) ? admitted : value,
    errors: context.errors,
    ruleErrors: context.ruleErrors,
    unknown: context.unknown,
  };
}

/** `spec.rules[0].backendRefs[0].weight`. */
export function renderPath(path: readonly (string | number)[]): string {
  let text = '';
  for (const part of path) {
    if (typeof part === 'number') text += `[${part}]`;
    else text += text === '' ? part : `.${part}`;
  }
  return text;
}

function walk(field: Field, value: unknown, before: unknown, context: Context): unknown {
  if (value === before && typeof value === 'object') return value;
  const errors = context.errors.length;
  const admitted = walkType(field, value, before, context);
  if (field.rules !== undefined && context.errors.length === errors) {
    for (const rule of field.rules) {
      const message = rule(admitted, before);
      if (message !== null) context.ruleErrors.push(invalid(context, message));
    }
  }
  return admitted;
}

function walkType(field: Field, value: unknown, before: unknown, context: Context): unknown {
  switch (field.type) {
    case 'object':
      return isDict(value) ? walkObject(field, value, before, context) : wrongType(field, value, context);
    case 'list':
      return Array.isArray(value)
        ? walkList(field, value, before, context)
        : wrongType(field, value, context);
    case 'map':
      return isDict(value) ? walkMap(field, value, before, context) : wrongType(field, value, context);
    case 'string':
      return checkString(field, value, context);
    case 'integer':
      return checkInteger(field, value, context);
    case 'boolean':
      return typeof value === 'boolean' ? value : wrongType(field, value, context);
    case 'intOrString':
      return Number.isInteger(value) || typeof value === 'string' ? value : wrongType(field, value, context);
    case 'any':
      return value;
  }
}

function walkObject(field: ObjectField, value: Dict, before: unknown, context: Context): Dict {
  let result: Record<string, unknown> | null = null;
  const old = isDict(before) ? before : undefined;
  for (const key in value) {
    const child = Object.hasOwn(field.fields, key) ? field.fields[key] : undefined;
    const given = value[key];
    if (child === undefined && field.open) continue;
    context.path.push(key);
    if (child === undefined || given === null) {
      // A null where none is allowed counts as absent, so that a default can take its place.
      if (child === undefined) context.unknown.push(renderPath(context.path));
      result ??= { ...value };
      delete result[key];
    } else {
      const admitted = walk(child, given, old?.[key], context);
      if (admitted !== given) {
        result ??= { ...value };
        result[key] = admitted;
      }
    }
    context.path.pop();
  }
  const complete = context.fillIn ? fillIn(field, result ?? value) : (result ?? value);
  for (const key of field.required) {
    if (key in complete) continue;
    context.path.push(key);
    context.errors.push(fieldError(context, 'FieldValueRequired', 'Required value'));
    context.path.pop();
  }
  return complete;
}

function fillIn(field: ObjectField, value: Dict): Dict {
  let result: Record<string, unknown> | null = null;
  for (const key in field.fields) {
    const child = field.fields[key];
    if (child?.default === undefined || key in value) continue;
    result ??= { ...value };
    // A default may have defaults below it, e.g. `matches` and its `path`.
    result[key] = walk(child, child.default, undefined, {
      ...FRESH,
      path: [],
      errors: [],
      ruleErrors: [],
      unknown: [],
    });
  }
  const filled = result ?? value;
  return field.normalize === undefined ? filled : field.normalize(filled);
}

const FRESH = { fillIn: true } as const;

function walkList(field: ListField, value: readonly unknown[], before: unknown, context: Context): unknown {
  let result: unknown[] | null = null;
  const old: readonly unknown[] = Array.isArray(before) ? before : [];
  for (let index = 0; index < value.length; index++) {
    context.path.push(index);
    const admitted = walk(field.items, value[index], old[index], context);
    if (admitted !== value[index]) {
      result ??= [...value];
      result[index] = admitted;
    }
    context.path.pop();
  }
  checkSize(field, value.length, context);
  if (field.keys !== undefined || field.set) checkDuplicates(field, result ?? value, context);
  return result ?? value;
}

function checkDuplicates(field: ListField, items: readonly unknown[], context: Context): void {
  const seen = new Set<string>();
  items.forEach((item, index) => {
    const identity = JSON.stringify(
      field.keys === undefined ? item : field.keys.map((key) => (isDict(item) ? item[key] : item)),
    );
    if (seen.has(identity)) {
      context.path.push(index);
      context.errors.push(fieldError(context, 'FieldValueDuplicate', `Duplicate value: ${identity}`));
      context.path.pop();
    }
    seen.add(identity);
  });
}

function walkMap(field: MapField, value: Dict, before: unknown, context: Context): Dict {
  let result: Record<string, unknown> | null = null;
  const old = isDict(before) ? before : undefined;
  let size = 0;
  for (const key in value) {
    const given = value[key];
    if (given === null) {
      result ??= { ...value };
      delete result[key];
      continue;
    }
    size++;
    context.path.push(key);
    const admitted = walk(field.values, given, old?.[key], context);
    context.path.pop();
    if (admitted === given) continue;
    result ??= { ...value };
    result[key] = admitted;
  }
  checkSize(field, size, context);
  return result ?? value;
}

function checkSize(field: ListField | MapField, size: number, context: Context): void {
  const what = field.type === 'list' ? 'items' : 'properties';
  if (size > field.max) {
    context.errors.push(
      fieldError(context, 'FieldValueTooMany', `Too many: ${size}: must have at most ${field.max} ${what}`),
    );
  }
  if (size < field.min) {
    context.errors.push(invalid(context, `${size}: should have at least ${field.min} ${what}`));
  }
}

function checkString(field: StringField, value: unknown, context: Context): unknown {
  if (typeof value !== 'string') return wrongType(field, value, context);
  if (field.oneOf !== undefined && !field.oneOf.includes(value)) {
    context.errors.push(notSupported(context, value, field.oneOf));
  }
  if (value.length > field.max) {
    context.errors.push(
      fieldError(context, 'FieldValueTooLong', `Too long: may not be more than ${field.max} bytes`),
    );
  }
  if (value.length < field.min) {
    context.errors.push(invalid(context, `"${value}": should be at least ${field.min} chars long`));
  }
  if (field.pattern !== undefined && !field.pattern.test(value)) {
    context.errors.push(invalid(context, `"${value}": should match '${field.pattern.source}'`));
  }
  return value;
}

function checkInteger(field: IntegerField, value: unknown, context: Context): unknown {
  if (typeof value !== 'number' || !Number.isInteger(value)) return wrongType(field, value, context);
  if (field.oneOf !== undefined && !field.oneOf.includes(value)) {
    context.errors.push(notSupported(context, value, field.oneOf));
  }
  if (value > field.max) {
    context.errors.push(invalid(context, `${value}: should be less than or equal to ${field.max}`));
  }
  if (value < field.min) {
    context.errors.push(invalid(context, `${value}: should be greater than or equal to ${field.min}`));
  }
  return value;
}

function wrongType(field: Field, value: unknown, context: Context): unknown {
  if (field.type === 'list' && isDict(value)) {
    for (const key in value) context.unknown.push(renderPath([...context.path, key]));
  }
  const message = `Invalid value: "${typeName(value)}": must be of type ${TYPE_NAMES[field.type]}`;
  context.errors.push(fieldError(context, 'FieldValueTypeInvalid', message));
  return value;
}

const TYPE_NAMES: Readonly<Record<Field['type'], string>> = {
  object: 'object',
  list: 'array',
  map: 'object',
  string: 'string',
  integer: 'integer',
  boolean: 'boolean',
  intOrString: 'integer or string',
  any: 'any',
};

function typeName(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'array';
  if (typeof value === 'number') return Number.isInteger(value) ? 'integer' : 'number';
  return typeof value;
}

const fieldError = (context: Context, reason: string, message: string): FieldError => ({
  reason,
  field: renderPath(context.path),
  message,
});

const invalid = (context: Context, message: string): FieldError =>
  fieldError(context, 'FieldValueInvalid', `Invalid value: ${message}`);

const notSupported = (context: Context, value: unknown, values: readonly unknown[]): FieldError =>
  fieldError(
    context,
    'FieldValueNotSupported',
    `Unsupported value: ${JSON.stringify(value)}: supported values: ${values.map((v) => JSON.stringify(v)).join(', ')}`,
  );
