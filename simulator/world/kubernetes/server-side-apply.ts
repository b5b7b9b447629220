import { diffObjects, partsOf, shapeOf } from './field-diff.ts';
import {
  difference,
  type FieldSet,
  fieldPaths,
  fieldSet,
  fieldsAt,
  intersection,
  isMember,
  union,
} from './field-set.ts';
import type { Field } from './field-table.ts';
import { type Dict, EMPTY, isDict } from './json.ts';
import { afterApply, fieldsOf, isEntryOf, type ManagedEntry, type Writer } from './managed-fields.ts';

export type ApplyResult =
  | { readonly kind: 'merged'; readonly object: Dict; readonly managedFields: readonly ManagedEntry[] }
  | {
      readonly kind: 'conflict';
      readonly conflicts: readonly { readonly manager: string; readonly field: string }[];
    };

export interface ApplyInput {
  readonly field: Field;
  /** The stored object, or the empty one of its kind. */
  readonly live: Dict;
  /** What was sent. */
  readonly config: Dict;
  readonly entries: readonly ManagedEntry[];
  readonly writer: Writer;
  readonly force: boolean;
  readonly time: string;
}

/**
 * Server-side apply: merges what was sent into the stored object, takes out what this manager applied before and no longer
 * names, and stops at fields of other managers unless forced. What was sent has no defaults yet when it is compared, so
 * a list that is owned as a whole conflicts already when it differs from the stored one by its defaults.
 */
export function serverSideApply(input: ApplyInput): ApplyResult {
  const { field, live, config, entries, writer } = input;
  const fields = fieldsOfConfig(field, config);
  const last = fieldsOf(entries.find((entry) => isEntryOf(entry, writer)));
  const others = entries.filter((entry) => !isEntryOf(entry, writer));
  const kept = others.reduce<FieldSet | null>((set, entry) => union(set, fieldsOf(entry)), fields);
  const merged = prune(field, merge(field, live, config), difference(last, kept), kept);
  const object = isDict(merged) ? merged : EMPTY;
  const diff = diffObjects(field, live, object);
  if (!input.force) {
    const conflicts = others.flatMap((entry) =>
      fieldPaths(intersection(fieldsOf(entry), diff.changed)).map((path) => ({
        manager: entry.manager ?? '',
        field: path,
      })),
    );
    if (conflicts.length > 0) return { kind: 'conflict', conflicts };
  }
  const managedFields = afterApply(entries, {
    writer,
    fields,
    taken: diff.changed,
    removed: diff.removed,
    time: input.time,
  });
  return { kind: 'merged', object, managedFields };
}

const IDENTITY: ReadonlySet<string> = new Set(['f:apiVersion', 'f:kind']);
const IDENTITY_METADATA: ReadonlySet<string> = new Set([
  'f:name',
  'f:namespace',
  'f:uid',
  'f:resourceVersion',
  'f:generation',
  'f:creationTimestamp',
  'f:managedFields',
]);

/** The fields that an applied object names; what identifies it is nobody's. */
function fieldsOfConfig(field: Field, config: Dict): FieldSet | null {
  const children: Record<string, FieldSet> = {};
  for (const [key, value] of partsOf(field, config) ?? []) {
    if (IDENTITY.has(key)) continue;
    const set = fieldsOfValue(shapeOf(field, key), value, key === 'f:metadata' ? IDENTITY_METADATA : null);
    if (set !== null) children[key] = set;
  }
  return fieldSet(false, children);
}

function fieldsOfValue(
  field: Field | undefined,
  value: unknown,
  skip: ReadonlySet<string> | null = null,
): FieldSet | null {
  const parts = partsOf(field, value);
  if (parts === null || parts.size === 0) return EMPTY;
  const children: Record<string, FieldSet> = {};
  for (const [key, item] of parts) {
    if (skip?.has(key) === true) continue;
    const shape = shapeOf(field, key);
    const below = fieldsOfValue(shape, item);
    // An entry of a map and an item of a list are fields themselves; a field of a struct is only the place of its parts.
    const isEntry = shape === undefined || field?.type !== 'object';
    const set = isEntry ? union(EMPTY, below) : below;
    if (set !== null) children[key] = set;
  }
  return fieldSet(false, children);
}

function merge(field: Field | undefined, live: unknown, config: unknown): unknown {
  const parts = partsOf(field, config);
  const old = partsOf(field, live);
  if (parts === null || old === null) return config;
  if (isDict(config)) {
    const result: Record<string, unknown> = { ...(isDict(live) ? live : EMPTY) };
    for (const [key, item] of parts) {
      result[key.slice(2)] = merge(shapeOf(field, key), old.get(key), item);
    }
    return result;
  }
  const result = new Map(old);
  for (const [key, item] of parts) result.set(key, merge(shapeOf(field, key), old.get(key), item));
  return [...result.values()];
}

/** `value` without the fields of `gone`; what holds something that is `kept` stays, emptied as far as it goes. */
function prune(
  field: Field | undefined,
  value: unknown,
  gone: FieldSet | null,
  kept: FieldSet | null,
): unknown {
  const parts = partsOf(field, value);
  if (gone === null || parts === null) return value;
  const rest = new Map<string, unknown>();
  for (const [key, item] of parts) {
    const below = fieldsAt(gone, key);
    const keptBelow = fieldsAt(kept, key);
    if (below === null) rest.set(key, item);
    else if (keptBelow !== null || !isMember(below)) {
      rest.set(key, prune(shapeOf(field, key), item, below, keptBelow));
    }
  }
  if (!isDict(value)) return [...rest.values()];
  return Object.fromEntries([...rest].map(([key, item]) => [key.slice(2), item]));
}
