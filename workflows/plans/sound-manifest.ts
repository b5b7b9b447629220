import type { KubeObject } from '../kubernetes.ts';
import { soundObject } from './sound-object.ts';

/** No kind that the API knows is nearly as deep; walks and texts of what is deeper would exhaust the stack. */
const DEPTH_MAX = 100;

export type ReadManifest =
  | { readonly kind: 'ok'; readonly object: KubeObject }
  /** `what`: a sentence. */
  | { readonly kind: 'fault'; readonly what: string };

const fault = (what: string): ReadManifest => ({ kind: 'fault', what });

/** An object that somebody wrote: what must hold before anything else can be said of it. The rest is the API server's. */
export const soundManifest = (value: unknown): ReadManifest => {
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    return fault('This is no Kubernetes object.');
  const { apiVersion, kind, metadata } = value as Readonly<Record<string, unknown>>;
  if (typeof apiVersion !== 'string') return fault('The object has no apiVersion.');
  if (typeof kind !== 'string') return fault('The object has no kind.');
  const name = typeof metadata === 'object' && metadata !== null && 'name' in metadata ? metadata.name : null;
  if (typeof name !== 'string' || name === '') return fault(`The ${kind} has no metadata.name.`);
  const unsayable = whyNotJson(value);
  if (unsayable !== null) return fault(`The ${kind} ${unsayable}.`);
  const object = soundObject(value);
  if (object === null)
    return fault(
      `The metadata of the ${kind} are not those of an object: labels and annotations are texts by name.`,
    );
  return { kind: 'ok', object };
};

/** Walked without recursion: depth is what it looks for. */
const whyNotJson = (root: unknown): string | null => {
  const open: { readonly value: unknown; readonly depth: number }[] = [{ value: root, depth: 0 }];
  for (let next = open.pop(); next !== undefined; next = open.pop()) {
    const { value, depth } = next;
    if (typeof value === 'number' && !Number.isFinite(value))
      return `contains ${value}, which is no number of JSON`;
    if (typeof value !== 'object' || value === null) continue;
    if (depth === DEPTH_MAX) return `is nested more than ${DEPTH_MAX} levels deep`;
    for (const item of Object.values(value)) open.push({ value: item, depth: depth + 1 });
  }
  return null;
};
