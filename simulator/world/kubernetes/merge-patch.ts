import type { Field } from './field-table.ts';
import { type Dict, equal, isDict } from './json.ts';

/** JSON Merge Patch (RFC 7386): null removes, objects merge, everything else replaces. Unchanged parts are shared. */
export function applyMergePatch(target: unknown, patch: unknown): unknown {
  if (!isDict(patch)) return equal(target, patch) ? target : patch;
  const base: Dict = isDict(target) ? target : {};
  let result: Record<string, unknown> | null = isDict(target) ? null : {};
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) {
      if (key in (result ?? base)) {
        result ??= { ...base };
        delete result[key];
      }
      continue;
    }
    const merged = applyMergePatch(base[key], value);
    if (merged === base[key] && key in base) continue;
    result ??= { ...base };
    result[key] = merged;
  }
  return result ?? target;
}

/**
 * Strategic merge patch, as far as stacks use it: like a merge patch, but lists with keys merge by these keys, and
 * `$patch: delete` removes the item. Source: the API conventions' strategic-merge-patch page.
 */
export function applyStrategicPatch(field: Field | undefined, target: unknown, patch: unknown): unknown {
  if (Array.isArray(patch)) {
    const keys = field?.type === 'list' ? field.keys : undefined;
    if (keys === undefined || field?.type !== 'list' || !Array.isArray(target)) return patch;
    return mergeKeyedList(field.items, keys, target, patch);
  }
  if (!isDict(patch)) return patch;
  const base: Dict = isDict(target) ? target : {};
  const result: Record<string, unknown> = { ...base };
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete result[key];
    else result[key] = applyStrategicPatch(childField(field, key), base[key], value);
  }
  return equal(result, target) ? target : result;
}

function mergeKeyedList(
  items: Field,
  keys: readonly string[],
  target: readonly unknown[],
  patch: readonly unknown[],
): readonly unknown[] {
  const result = [...target];
  for (const item of patch) {
    const at = result.findIndex(
      (other) =>
        isDict(other) && isDict(item) && keys.every((key) => !(key in item) || equal(other[key], item[key])),
    );
    if (isDict(item) && item['$patch'] === 'delete') {
      if (at >= 0) result.splice(at, 1);
    } else if (at < 0) result.push(item);
    else result[at] = applyStrategicPatch(items, result[at], item);
  }
  return result;
}

function childField(field: Field | undefined, key: string): Field | undefined {
  if (field?.type === 'object') return field.fields[key];
  return field?.type === 'map' ? field.values : undefined;
}
