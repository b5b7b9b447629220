import { type FieldSet, fieldSet } from './field-set.ts';
import type { Field } from './field-table.ts';
import { type Dict, EMPTY, equal, isDict } from './json.ts';

/** Which fields differ between two objects. */
export interface FieldDiff {
  /** Added or changed. */
  readonly changed: FieldSet | null;
  readonly removed: FieldSet | null;
}

const NONE: FieldDiff = { changed: null, removed: null };
const CHANGED: FieldDiff = { changed: EMPTY, removed: null };
const REMOVED: FieldDiff = { changed: null, removed: EMPTY };

/** The parts of `metadata` that have owners. */
const OWNED_METADATA: ReadonlySet<string> = new Set([
  'labels',
  'annotations',
  'finalizers',
  'ownerReferences',
]);

/**
 * Compares two whole objects along a kind's table, as field ownership sees them. Source: structured-merge-diff's rules as
 * the recorded answers show them: a list without keys and a value of no further parts are one field each; what was not
 * there before is itself a field, beside its parts; null was there.
 */
export function diffObjects(field: Field, before: Dict, after: Dict): FieldDiff {
  const changed: Record<string, FieldSet> = {};
  const removed: Record<string, FieldSet> = {};
  for (const key of keysOf(before, after)) {
    if (key === 'apiVersion' || key === 'kind') continue;
    const child = childField(field, key);
    const diff =
      key === 'metadata'
        ? diffMetadata(child, before[key], after[key])
        : diffValues(child, before[key], after[key]);
    collect(`f:${key}`, diff, changed, removed);
  }
  return { changed: fieldSet(false, changed), removed: fieldSet(false, removed) };
}

function diffMetadata(field: Field | undefined, before: unknown, after: unknown): FieldDiff {
  const left = isDict(before) ? before : EMPTY;
  const right = isDict(after) ? after : EMPTY;
  const changed: Record<string, FieldSet> = {};
  const removed: Record<string, FieldSet> = {};
  for (const key of OWNED_METADATA) {
    collect(`f:${key}`, diffValues(childField(field, key), left[key], right[key]), changed, removed);
  }
  return { changed: fieldSet(false, changed), removed: fieldSet(false, removed) };
}

function diffValues(field: Field | undefined, before: unknown, after: unknown): FieldDiff {
  if (before === after) return NONE;
  if (isOwnedByKey(field, after ?? before) && isDictOrNothing(before) && isDictOrNothing(after))
    return isEmpty(before, after) ? diffLeaf(before, after) : diffDicts(field, before, after);
  const shape = partsOf(field, after ?? before);
  if (shape === null || isEmpty(before, after)) return diffLeaf(before, after);
  const left = partsOf(field, before);
  const right = partsOf(field, after);
  if ((before ?? null) !== null && (after ?? null) !== null && (left === null || right === null))
    return CHANGED;
  const changed: Record<string, FieldSet> = {};
  const removed: Record<string, FieldSet> = {};
  for (const [key, item] of left ?? []) {
    collect(key, diffValues(shapeOf(field, key), item, right?.get(key)), changed, removed);
  }
  for (const [key, item] of right ?? []) {
    if (left?.has(key) !== true)
      collect(key, diffValues(shapeOf(field, key), undefined, item), changed, removed);
  }
  return {
    changed: fieldSet(before === undefined, changed),
    removed: fieldSet(after === undefined, removed),
  };
}

/** What happens most: no lists of parts are made. */
function diffDicts(
  field: Field | undefined,
  before: Dict | null | undefined,
  after: Dict | null | undefined,
): FieldDiff {
  const left = before ?? EMPTY;
  const right = after ?? EMPTY;
  const changed: Record<string, FieldSet> = {};
  const removed: Record<string, FieldSet> = {};
  for (const key in left) {
    const item = Object.hasOwn(right, key) ? right[key] : undefined;
    collect(`f:${key}`, diffValues(childField(field, key), left[key], item), changed, removed);
  }
  for (const key in right) {
    if (!Object.hasOwn(left, key))
      collect(`f:${key}`, diffValues(childField(field, key), undefined, right[key]), changed, removed);
  }
  return {
    changed: fieldSet(before === undefined, changed),
    removed: fieldSet(after === undefined, removed),
  };
}

const isOwnedByKey = (field: Field | undefined, value: unknown): boolean =>
  isDict(value) && !(field?.type === 'object' && field.atomic === true);

const isDictOrNothing = (value: unknown): value is Dict | null | undefined =>
  value === undefined || value === null || isDict(value);

function diffLeaf(before: unknown, after: unknown): FieldDiff {
  if (before === undefined) return CHANGED;
  if (after === undefined) return REMOVED;
  return equal(before, after) ? NONE : CHANGED;
}

const isEmpty = (before: unknown, after: unknown): boolean => size(before) === 0 && size(after) === 0;

/** 0: nothing in it. */
function size(value: unknown): number {
  if (Array.isArray(value)) return value.length;
  if (isDict(value)) for (const _ in value) return 1;
  return 0;
}

function collect(
  key: string,
  diff: FieldDiff,
  changed: Record<string, FieldSet>,
  removed: Record<string, FieldSet>,
): void {
  if (diff.changed !== null) changed[key] = diff.changed;
  if (diff.removed !== null) removed[key] = diff.removed;
}

function keysOf(a: Dict, b: Dict): ReadonlySet<string> {
  return new Set([...Object.keys(a), ...Object.keys(b)]);
}

/** The parts that are owned one by one, by their key in a field set; null when the value is owned as a whole. */
export function partsOf(field: Field | undefined, value: unknown): ReadonlyMap<string, unknown> | null {
  if (isDict(value)) {
    if (field?.type === 'object' && field.atomic) return null;
    return new Map(Object.entries(value).map(([key, item]) => [`f:${key}`, item]));
  }
  if (!Array.isArray(value) || field?.type !== 'list') return null;
  if (field.set) return new Map(value.map((item: unknown) => [`v:${JSON.stringify(item)}`, item]));
  const keys = field.keys;
  if (keys === undefined) return null;
  return new Map(value.map((item: unknown) => [itemKey(keys, item), item]));
}

function itemKey(keys: readonly string[], item: unknown): string {
  const identity: Record<string, unknown> = {};
  for (const key of keys.toSorted()) if (isDict(item) && key in item) identity[key] = item[key];
  return `k:${JSON.stringify(identity)}`;
}

/** The table's field for a part's key. */
export function shapeOf(field: Field | undefined, key: string): Field | undefined {
  return key.startsWith('f:')
    ? childField(field, key.slice(2))
    : field?.type === 'list'
      ? field.items
      : undefined;
}

function childField(field: Field | undefined, key: string): Field | undefined {
  if (field?.type === 'object') return Object.hasOwn(field.fields, key) ? field.fields[key] : undefined;
  return field?.type === 'map' ? field.values : undefined;
}
