import type { KubeMetadata } from '../../../workflows/kubernetes.ts';
import type { FieldDiff } from './field-diff.ts';
import { difference, type FieldSet, union } from './field-set.ts';
import { equal, isDict } from './json.ts';

export type ManagedEntry = NonNullable<KubeMetadata['managedFields']>[number];

/** Who writes, and by what door. */
export interface Writer {
  readonly manager: string;
  readonly operation: 'Update' | 'Apply';
  readonly apiVersion: string;
  readonly subresource: string | null;
}

const NO_ENTRIES: readonly ManagedEntry[] = [];

/** The entries of an object's metadata. */
export function entriesOf(
  metadata: { readonly managedFields?: unknown } | undefined,
): readonly ManagedEntry[] {
  return Array.isArray(metadata?.managedFields) ? metadata.managedFields : NO_ENTRIES;
}

export const fieldsOf = (entry: ManagedEntry | undefined): FieldSet | null =>
  isDict(entry?.fieldsV1) ? entry.fieldsV1 : null;

export const isEntryOf = (entry: ManagedEntry, writer: Writer): boolean =>
  entry.manager === writer.manager &&
  entry.operation === writer.operation &&
  entry.subresource === (writer.subresource ?? undefined);

/** After an ordinary write: what changed is the writer's and nobody else's, what went is nobody's. */
export function afterUpdate(
  entries: readonly ManagedEntry[],
  diff: FieldDiff,
  writer: Writer,
  time: string,
): readonly ManagedEntry[] {
  const own = entries.find((entry) => isEntryOf(entry, writer));
  const fields = union(difference(fieldsOf(own), diff.removed), diff.changed);
  return settle(entries, { writer, fields, taken: diff.changed, removed: diff.removed, time });
}

/** After an apply: the writer owns exactly what it sent (`fields`), and `taken` from the others. */
export function afterApply(
  entries: readonly ManagedEntry[],
  change: {
    readonly writer: Writer;
    readonly fields: FieldSet | null;
    readonly taken: FieldSet | null;
    readonly removed: FieldSet | null;
    readonly time: string;
  },
): readonly ManagedEntry[] {
  return settle(entries, change);
}

function settle(
  entries: readonly ManagedEntry[],
  change: Parameters<typeof afterApply>[1],
): readonly ManagedEntry[] {
  const { writer, fields, taken, removed, time } = change;
  const result: ManagedEntry[] = [];
  let own: ManagedEntry | undefined;
  for (const entry of entries) {
    if (isEntryOf(entry, writer)) {
      own = entry;
      continue;
    }
    const before = fieldsOf(entry);
    const rest = difference(difference(before, taken), removed);
    if (rest === before) result.push(entry);
    else if (rest !== null) result.push({ ...entry, fieldsV1: rest });
  }
  if (fields !== null) result.push(ownEntry(own, writer, fields, time));
  result.sort(inOrder);
  return equal(result, entries) ? entries : result;
}

function ownEntry(
  own: ManagedEntry | undefined,
  writer: Writer,
  fields: FieldSet,
  time: string,
): ManagedEntry {
  if (own !== undefined && own.apiVersion === writer.apiVersion && equal(own.fieldsV1, fields)) return own;
  return {
    manager: writer.manager,
    operation: writer.operation,
    apiVersion: writer.apiVersion,
    time,
    fieldsType: 'FieldsV1',
    fieldsV1: fields,
    ...(writer.subresource === null ? {} : { subresource: writer.subresource }),
  };
}

/** Apply before Update, then by time, then by name. */
function inOrder(a: ManagedEntry, b: ManagedEntry): number {
  return (
    compareText(a.operation, b.operation) || compareText(a.time, b.time) || compareText(a.manager, b.manager)
  );
}

function compareText(a = '', b = ''): number {
  if (a === b) return 0;
  return a < b ? -1 : 1;
}
