import { InvariantError } from '../errors.ts';
import type { RolloutContext } from './context.ts';
import type { RolloutDocument } from './stored.ts';

/** What stands in the snapshot, without restoring a machine. */
export interface RolloutState {
  /** `queued`, `shifting`, …: the word of the design. */
  readonly state: string;
  /** The step within it, e.g. `baking`; same as `state` where there is none. */
  readonly step: string;
  readonly finished: boolean;
  readonly context: RolloutContext;
}

type StateValue = string | { readonly [region: string]: StateValue };

/** Compounds that only group states and are no word of the design. */
const GROUPS = new Set(['preparing', 'moving']);

/** Leaf path of the progress region: `['moving', 'shifting', 'baking']`. */
const progressPath = (value: StateValue): readonly string[] => {
  if (typeof value === 'string') return [value];
  const key = Object.keys(value)[0] ?? '';
  const inner = value[key];
  return inner === undefined ? [key] : [key, ...progressPath(inner)];
};

/** Words for a snapshot's value: the state of the design, and the step within it. */
export const wordsOf = (value: unknown): { readonly state: string; readonly step: string } => {
  const regions = value as { readonly progress: StateValue };
  const path = progressPath(regions.progress);
  const words = GROUPS.has(path[0] ?? '') ? path.slice(1) : path;
  return { state: words[0] ?? '', step: words[words.length - 1] ?? '' };
};

/** What is kept of the machine. */
export interface Snapshot {
  readonly status: string;
  readonly value: unknown;
  readonly context: RolloutContext;
}

/** Parsed state of a document; `parse` may remember. @throws InvariantError `snapshot-broken` when it cannot be read. */
export const readState = (
  document: RolloutDocument,
  parse: (text: string) => unknown = JSON.parse,
): RolloutState => {
  try {
    const { status, value, context } = parse(document.snapshot) as Snapshot;
    if (typeof context !== 'object' || (context as unknown) === null)
      throw new TypeError('it has no context');
    return { ...wordsOf(value), finished: status !== 'active', context };
  } catch (cause) {
    throw new InvariantError('snapshot-broken', `snapshot of ${document.rolloutId} cannot be read`, {
      cause,
    });
  }
};

/** 0 < share < 100, or the gateway has not confirmed what was asked: somebody must keep looking (protocol P3). */
export const mustStayAwake = (state: string, context: RolloutContext): boolean => {
  if (!context.touched) return false;
  if (state === 'shifting' || state === 'soaking' || state === 'retaining') {
    const unconfirmed = context.clocks.askedMs !== null && context.clocks.programmedMs === null;
    const split = (percent: number): boolean => percent > 0 && percent < 100;
    return unconfirmed || split(context.confirmedPercent) || split(context.writtenPercent);
  }
  return state === 'rollingBack' && context.clocks.programmedMs === null;
};

/** New pods carry traffic, or may: each full minute is observed. */
export const isObserved = (state: string, context: RolloutContext): boolean =>
  context.touched && (state === 'shifting' || state === 'soaking' || state === 'retaining');
