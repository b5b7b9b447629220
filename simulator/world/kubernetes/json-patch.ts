import { type Dict, equal, isDict } from './json.ts';

export type JsonPatchResult =
  | { readonly kind: 'patched'; readonly value: unknown }
  /** The patch is no list of operations: the server cannot read it. */
  | { readonly kind: 'unreadable' }
  /** A `test` that failed, a path that is not there, an operation that does not exist. */
  | { readonly kind: 'failed' };

const FAILED = Symbol('failed');

/**
 * Applies a JSON Patch as the API server does: RFC 6902, except that `test` with value null passes on an absent path.
 * Nothing is changed in place; what the patch does not touch is shared with `document`.
 */
export function applyJsonPatch(document: unknown, patch: unknown): JsonPatchResult {
  if (!Array.isArray(patch) || !patch.every(isDict)) return { kind: 'unreadable' };
  let value = document;
  for (const operation of patch) {
    value = applyOperation(value, operation);
    if (value === FAILED) return { kind: 'failed' };
  }
  return { kind: 'patched', value };
}

function applyOperation(document: unknown, operation: Dict): unknown {
  const path = parsePointer(operation['path']);
  if (path === null) return FAILED;
  const value = operation['value'] ?? null;
  switch (operation['op']) {
    case 'test':
      return matches(lookUp(document, path), value) ? document : FAILED;
    case 'add':
      return edit(document, path, 0, { kind: 'add', value });
    case 'replace':
      return edit(document, path, 0, { kind: 'replace', value });
    case 'remove':
      return edit(document, path, 0, { kind: 'remove' });
    case 'move':
    case 'copy':
      return transfer(document, operation, path);
    default:
      return FAILED;
  }
}

function transfer(document: unknown, operation: Dict, path: readonly string[]): unknown {
  const from = parsePointer(operation['from']);
  if (from === null) return FAILED;
  const value = lookUp(document, from);
  if (value === FAILED) return FAILED;
  if (operation['op'] === 'copy') return edit(document, path, 0, { kind: 'add', value });
  // A value cannot be moved into itself (RFC 6902, 4.4).
  if (path.length > from.length && from.every((token, index) => token === path[index])) return FAILED;
  const removed = edit(document, from, 0, { kind: 'remove' });
  return removed === FAILED ? FAILED : edit(removed, path, 0, { kind: 'add', value });
}

const matches = (found: unknown, expected: unknown): boolean =>
  found === FAILED ? expected === null : equal(found, expected);

/** The tokens of an RFC 6901 pointer; null when it is none. */
function parsePointer(pointer: unknown): readonly string[] | null {
  if (pointer === '') return [];
  if (typeof pointer !== 'string' || !pointer.startsWith('/')) return null;
  const tokens = pointer.slice(1).split('/');
  if (!pointer.includes('~')) return tokens;
  return tokens.map((token) => token.replaceAll('~1', '/').replaceAll('~0', '~'));
}

function lookUp(document: unknown, path: readonly string[]): unknown {
  let value = document;
  for (const token of path) {
    if (Array.isArray(value)) {
      const index = indexOf(token, value.length - 1);
      if (index === null) return FAILED;
      value = value[index];
    } else if (isDict(value) && Object.hasOwn(value, token)) value = value[token];
    else return FAILED;
  }
  return value;
}

type Edit = { readonly kind: 'add' | 'replace'; readonly value: unknown } | { readonly kind: 'remove' };

/** `container` with the edit made at `path` from token `depth` on; the same object where nothing changes. */
function edit(container: unknown, path: readonly string[], depth: number, change: Edit): unknown {
  const token = path[depth];
  if (token === undefined) return change.kind === 'remove' ? FAILED : change.value;
  const last = depth === path.length - 1;
  if (Array.isArray(container)) {
    return last ? editList(container, token, change) : descendList(container, path, depth, change);
  }
  if (!isDict(container)) return FAILED;
  const present = Object.hasOwn(container, token);
  if (last) {
    if (change.kind !== 'add' && !present) return FAILED;
    if (change.kind === 'remove') {
      const { [token]: _, ...rest } = container;
      return rest;
    }
    return present && equal(container[token], change.value)
      ? container
      : { ...container, [token]: change.value };
  }
  if (!present) return FAILED;
  const child = edit(container[token], path, depth + 1, change);
  if (child === FAILED) return FAILED;
  return child === container[token] ? container : { ...container, [token]: child };
}

function editList(list: readonly unknown[], token: string, change: Edit): unknown {
  if (change.kind === 'add') {
    const at = token === '-' ? list.length : indexOf(token, list.length);
    return at === null ? FAILED : list.toSpliced(at, 0, change.value);
  }
  const at = indexOf(token, list.length - 1);
  if (at === null) return FAILED;
  if (change.kind === 'remove') return list.toSpliced(at, 1);
  return equal(list[at], change.value) ? list : list.with(at, change.value);
}

function descendList(
  list: readonly unknown[],
  path: readonly string[],
  depth: number,
  change: Edit,
): unknown {
  const at = indexOf(path[depth] ?? '', list.length - 1);
  if (at === null) return FAILED;
  const child = edit(list[at], path, depth + 1, change);
  if (child === FAILED) return FAILED;
  return child === list[at] ? list : list.with(at, child);
}

function indexOf(token: string, highest: number): number | null {
  if (!/^(0|[1-9]\d*)$/.test(token)) return null;
  const index = Number(token);
  return index <= highest ? index : null;
}
