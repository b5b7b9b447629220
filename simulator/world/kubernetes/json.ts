/** JSON values as the server keeps them: plain, shared, frozen. */
export type Dict = Readonly<Record<string, unknown>>;

export const isDict = (value: unknown): value is Dict =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Deep equality of JSON values; identical references cost nothing, which is what structural sharing lives on. */
export function equal(a: unknown, b: unknown): boolean {
  if (a === b) return true;
  if (typeof a !== 'object' || typeof b !== 'object' || a === null || b === null) return false;
  if (Array.isArray(a)) {
    return Array.isArray(b) && a.length === b.length && a.every((item, index) => equal(item, b[index]));
  }
  if (Array.isArray(b)) return false;
  const left = a as Dict;
  const right = b as Dict;
  let keys = 0;
  for (const key in left) {
    keys++;
    if (!Object.hasOwn(right, key) || !equal(left[key], right[key])) return false;
  }
  for (const _ in right) keys--;
  return keys === 0;
}

/** Freezes a value through and through. What is frozen already is taken to be frozen below, too: shared parts cost one look. */
export function freeze<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  if (Array.isArray(value)) for (const item of value) freeze(item);
  else for (const key in value) freeze(value[key]);
  return Object.freeze(value);
}

/** The dict at `key`, or an empty one. */
export function dictAt(value: unknown, key: string): Dict {
  const child = isDict(value) ? value[key] : undefined;
  return isDict(child) ? child : EMPTY;
}

/** The list at `key`, or an empty one. */
export function listAt(value: unknown, key: string): readonly unknown[] {
  const child = isDict(value) ? value[key] : undefined;
  return Array.isArray(child) ? child : [];
}

/** The string at `key`, or undefined. */
export function textAt(value: unknown, key: string): string | undefined {
  const child = isDict(value) ? value[key] : undefined;
  return typeof child === 'string' ? child : undefined;
}

/** The number at `key`, or undefined. */
export function numberAt(value: unknown, key: string): number | undefined {
  const child = isDict(value) ? value[key] : undefined;
  return typeof child === 'number' ? child : undefined;
}

/** `dict` without `key`; the same object where it is not in it. */
export function without(dict: Dict, key: string): Dict {
  if (!(key in dict)) return dict;
  const { [key]: _, ...rest } = dict;
  return rest;
}

/** `dict` with `key` set; the same object where it holds that very value. */
export function withKey(dict: Dict, key: string, value: unknown): Dict {
  return dict[key] === value && key in dict ? dict : { ...dict, [key]: value };
}

/** Bytes of the text in UTF-8. */
export function utf8Bytes(text: string): number {
  let bytes = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code < 0x80) bytes += 1;
    else if (code < 0x800) bytes += 2;
    else if (code >= 0xd800 && code < 0xdc00) {
      bytes += 4;
      i++;
    } else bytes += 3;
  }
  return bytes;
}

export const EMPTY: Dict = Object.freeze({});
