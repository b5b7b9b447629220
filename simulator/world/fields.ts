/** Reading of untyped Kubernetes objects: what is not there or of another type reads as undefined or empty. */

export type Fields = Readonly<Record<string, unknown>>;

const NOTHING: Fields = {};
const NO_ITEMS: readonly Fields[] = [];

export function fields(value: unknown): Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as Fields) : NOTHING;
}

/** The field at a path of maps. */
export function at(value: unknown, ...path: readonly string[]): unknown {
  let here = value;
  for (const key of path) here = fields(here)[key];
  return here;
}

export function items(value: unknown): readonly Fields[] {
  return Array.isArray(value) ? (value as readonly Fields[]) : NO_ITEMS;
}

export function text(value: unknown): string | undefined {
  return typeof value === 'string' ? value : undefined;
}

export function number(value: unknown): number | undefined {
  if (typeof value === 'number') return value;
  return typeof value === 'string' && /^\d+$/.test(value) ? Number(value) : undefined;
}

export function texts(value: unknown): readonly string[] {
  return Array.isArray(value) ? value.filter((item) => typeof item === 'string') : [];
}

const NO_LABELS: Readonly<Record<string, string>> = {};

export function labels(value: unknown): Readonly<Record<string, string>> {
  return typeof value === 'object' && value !== null
    ? (value as Readonly<Record<string, string>>)
    : NO_LABELS;
}

/** Whether an equality selector takes the labels; an empty selector takes nothing here. */
export function selects(
  selector: Readonly<Record<string, string>>,
  subject: Readonly<Record<string, string>>,
): boolean {
  let any = false;
  for (const key in selector) {
    any = true;
    if (subject[key] !== selector[key]) return false;
  }
  return any;
}
