/** Reading fields of objects that other people wrote: a missing or misshapen field is a value, never an exception. */

export type Fields = Readonly<Record<string, unknown>>;

const NOTHING: Fields = Object.freeze({});

/** The value as a map; empty where it is none. */
export const fieldsOf = (value: unknown): Fields =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : NOTHING;

/** The value as a list; empty where it is none. */
export const itemsOf = (value: unknown): readonly unknown[] => (Array.isArray(value) ? value : []);

/** What lies below `path`, `undefined` where the way ends earlier. */
export const at = (value: unknown, ...path: readonly string[]): unknown => {
  let here = value;
  for (const step of path) here = fieldsOf(here)[step];
  return here;
};

export const textAt = (value: unknown, ...path: readonly string[]): string | null => {
  const found = at(value, ...path);
  return typeof found === 'string' ? found : null;
};

export const numberAt = (value: unknown, ...path: readonly string[]): number | null => {
  const found = at(value, ...path);
  return typeof found === 'number' ? found : null;
};

/** The string entries of a map: labels, selectors, annotations. */
export const stringMapAt = (value: unknown, ...path: readonly string[]): Readonly<Record<string, string>> => {
  const found: Record<string, string> = {};
  for (const [key, entry] of Object.entries(fieldsOf(at(value, ...path))))
    if (typeof entry === 'string') found[key] = entry;
  return found;
};

/** True when `labels` carry every entry of `selector`. An empty selector selects nothing here: no pool and no Service of ours has one. */
export const selects = (
  selector: Readonly<Record<string, string>>,
  labels: Readonly<Record<string, string>>,
): boolean => {
  const wanted = Object.entries(selector);
  return wanted.length > 0 && wanted.every(([key, value]) => labels[key] === value);
};

/** Status of a condition by type: `True`, `False`, `Unknown`, or null where it is not reported. */
export const conditionOf = (conditions: unknown, type: string): Fields | null => {
  for (const condition of itemsOf(conditions))
    if (textAt(condition, 'type') === type) return fieldsOf(condition);
  return null;
};
