import { type Dict, EMPTY, isDict } from './json.ts';

/**
 * A set of fields in the API's own notation (`fieldsV1`): `{ 'f:spec': { '.': {}, 'f:rules': {} } }` holds `spec` and
 * `spec.rules`. A node without children is a member; one with children is a member when it has a `.`. The empty set is null.
 */
export type FieldSet = Dict;

const LEAF: FieldSet = EMPTY;

/** Whether the node itself is in the set, not only something below it. */
export const isMember = (node: FieldSet): boolean => '.' in node || Object.keys(node).length === 0;

/** What the set holds at `key` and below it. */
export const fieldsAt = (node: FieldSet | null, key: string): FieldSet | null => {
  const child = node?.[key];
  return isDict(child) ? child : null;
};

/** A node of the given children. */
export function fieldSet(member: boolean, children: Readonly<Record<string, FieldSet>>): FieldSet | null {
  for (const _ in children) return member ? { '.': LEAF, ...children } : children;
  return member ? LEAF : null;
}

/** Everything that is in either set. */
export function union(a: FieldSet | null, b: FieldSet | null): FieldSet | null {
  if (a === null || a === b) return b;
  if (b === null) return a;
  const children: Record<string, FieldSet> = {};
  for (const key of new Set([...Object.keys(a), ...Object.keys(b)])) {
    const child = key === '.' ? null : union(fieldsAt(a, key), fieldsAt(b, key));
    if (child !== null) children[key] = child;
  }
  return fieldSet(isMember(a) || isMember(b), children);
}

/** What is in `a` and not in `b`; `a` itself where nothing is taken away. */
export function difference(a: FieldSet | null, b: FieldSet | null): FieldSet | null {
  if (a === null || b === null) return a;
  const member = isMember(a);
  let changed = member && isMember(b);
  const children: Record<string, FieldSet> = {};
  for (const key in a) {
    if (key === '.') continue;
    const child = fieldsAt(a, key);
    const rest = difference(child, fieldsAt(b, key));
    if (rest !== child) changed = true;
    if (rest !== null) children[key] = rest;
  }
  return changed ? fieldSet(member && !isMember(b), children) : a;
}

/** What is in both sets. */
export function intersection(a: FieldSet | null, b: FieldSet | null): FieldSet | null {
  if (a === null || b === null) return null;
  const children: Record<string, FieldSet> = {};
  for (const key in a) {
    const child = key === '.' ? null : intersection(fieldsAt(a, key), fieldsAt(b, key));
    if (child !== null) children[key] = child;
  }
  return fieldSet(isMember(a) && isMember(b), children);
}

/** The members as the API writes them in conflicts: `.spec.rules`. */
export function fieldPaths(set: FieldSet | null, prefix = ''): readonly string[] {
  if (set === null) return [];
  const paths: string[] = prefix !== '' && isMember(set) ? [prefix] : [];
  for (const key in set) {
    if (key === '.') continue;
    const text = key.startsWith('f:') ? `.${key.slice(2)}` : `[${key.slice(2)}]`;
    paths.push(...fieldPaths(fieldsAt(set, key), prefix + text));
  }
  return paths;
}
