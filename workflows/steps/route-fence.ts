/**
 * Our annotations on a route. The fence `<rolloutId>/<fence>` is provenance and a version bump, never an order (P4). A third
 * part tells a repeated write of one decision from the first (a number), or a rollback past Sluice (`direct`).
 */
import type { JsonPatchOp, KubeObject } from '../kubernetes.ts';
import type { RulePlan } from '../plans/plan.ts';

export const FENCE_ANNOTATION = 'sluice.dev/fence';
export const BEFORE_ANNOTATION = 'sluice.dev/before';

/** The rules' originals on the route itself: bound of its size. */
export const BEFORE_BYTES_MAX = 32 * 1024;

export interface Fence {
  readonly rolloutId: string;
  readonly fence: number;
  readonly direct: boolean;
  /** Counts repeated writes of the same decision, from 1. */
  readonly repeat: number;
}

/** The fence on an object; null when there is none. What cannot be read belongs to somebody else. */
export const readFence = (object: KubeObject): Fence | null => {
  const value = object.metadata.annotations?.[FENCE_ANNOTATION];
  if (value === undefined) return null;
  const match = /^(.+?)\/(\d{1,15})(?:\/(direct|\d{1,9}))?$/u.exec(value);
  if (match === null) return { rolloutId: value, fence: 0, direct: false, repeat: 1 };
  const mark = match[3] ?? '1';
  return {
    rolloutId: match[1] ?? '',
    fence: Number(match[2]),
    direct: mark === 'direct',
    repeat: mark === 'direct' ? 1 : Number(mark),
  };
};

/** Is the object's last write of ours by this very decision? */
export const carriesFence = (object: KubeObject, rolloutId: string, fence: number): boolean => {
  const found = readFence(object);
  return found !== null && !found.direct && found.rolloutId === rolloutId && found.fence === fence;
};

/** A value for this decision that is not the one on the object: whatever else is in flight fails its test (P4). */
export const nextFenceValue = (object: KubeObject, rolloutId: string, fence: number): string => {
  const found = readFence(object);
  const again = found !== null && carriesFence(object, rolloutId, fence);
  return again ? `${rolloutId}/${fence}/${found.repeat + 1}` : `${rolloutId}/${fence}`;
};

/** Value of `sluice.dev/before`. The machine never reads it; only a rollback past Sluice does. */
export const beforeValue = (rules: readonly RulePlan[]): string =>
  JSON.stringify(rules.map(({ index, originals }) => ({ rule: index, backendRefs: originals })));

/** UTF-8 bytes of `sluice.dev/before`; above BEFORE_BYTES_MAX preflight stops. */
export const beforeBytes = (rules: readonly RulePlan[]): number =>
  new TextEncoder().encode(beforeValue(rules)).length;

/** RFC 6901: `~` and `/` of a key within a path. */
export const pointerKey = (key: string): string => key.replaceAll('~', '~0').replaceAll('/', '~1');

/**
 * Operations that set and remove annotations and leave all others alone. Where there is no map it is added whole, and only
 * if there is still none: without a test of resourceVersion it could replace somebody's.
 */
export const annotate = (
  object: KubeObject,
  set: Readonly<Record<string, string>>,
  remove: readonly string[] = [],
): readonly JsonPatchOp[] => {
  const present = object.metadata.annotations;
  if (present === undefined)
    return [
      { op: 'test', path: '/metadata/annotations', value: null },
      { op: 'add', path: '/metadata/annotations', value: set },
    ];
  const ops: JsonPatchOp[] = Object.entries(set).map(([key, value]) => ({
    op: 'add',
    path: `/metadata/annotations/${pointerKey(key)}`,
    value,
  }));
  for (const key of remove)
    if (present[key] !== undefined)
      ops.push({ op: 'remove', path: `/metadata/annotations/${pointerKey(key)}` });
  return ops;
};
