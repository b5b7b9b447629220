/**
 * How long answers of both versions of an adapter took on the rung, as the pickers counted it. Counters come without
 * variances, so minutes are gathered into cells of enough answers of either version, and the cells' means vary as they do.
 */
import type { DurationCounter, Look, PickerObservation, TargetDurations } from './observation.ts';

/** With fewer answers of a version its mean says little, and a cell waits for the next minute. */
export const CELL_ANSWERS_MIN = 20;

interface Both {
  readonly old: DurationCounter;
  readonly new: DurationCounter;
}

/** Sums over cells of both means, of their squares and of their product: mean and variance of any `new − factor · old`. */
export interface MeansSums {
  readonly cells: number;
  readonly old: number;
  readonly new: number;
  readonly oldSquares: number;
  readonly newSquares: number;
  readonly products: number;
}

export interface DurationSums extends Both {
  /** null: nothing yet. Seconds per token oust those per request. */
  readonly per: TargetDurations['per'] | null;
  /** What the next cell has so far. */
  readonly open: Both;
  readonly means: MeansSums;
}

export interface DurationEvidence {
  /** The pickers' last counters, by uid; whoever gave none has none. */
  readonly marks: Readonly<Record<string, TargetDurations>>;
  readonly rung: DurationSums;
}

const NOTHING: DurationCounter = { count: 0, sumSeconds: 0 };
const NEITHER: Both = { old: NOTHING, new: NOTHING };

export const NO_DURATIONS: DurationSums = {
  ...NEITHER,
  per: null,
  open: NEITHER,
  means: { cells: 0, old: 0, new: 0, oldSquares: 0, newSquares: 0, products: 0 },
};

/**
 * The evidence after one more look; undefined as long as no picker has told.
 * @param counts the interval that ends with this look is the rung's, and its warm-up is over.
 */
export const absorbDurations = (
  before: DurationEvidence | undefined,
  look: Look,
  counts: boolean,
): DurationEvidence | undefined => {
  const pickers = look.pickers.filter(tells);
  if (before === undefined && pickers.length === 0) return undefined;
  const { marks, rung } = before ?? { marks: {}, rung: NO_DURATIONS };
  const deltas = counts ? pickers.flatMap((picker) => deltaOf(marks[picker.uid], picker.targets)) : [];
  return {
    marks: Object.fromEntries(pickers.map(({ uid, targets }) => [uid, targets])),
    rung: closed(deltas.reduce(added, rung)),
  };
};

type Telling = PickerObservation & { readonly targets: TargetDurations };

const tells = (picker: PickerObservation): picker is Telling => picker.targets !== undefined;

/** What was counted before we knew the process is not the rung's, and neither is what one has counted since it began anew. */
const deltaOf = (mark: TargetDurations | undefined, now: TargetDurations): readonly TargetDurations[] => {
  if (mark === undefined || mark.per !== now.per) return [];
  if (wentBack(mark.old, now.old) || wentBack(mark.new, now.new)) return [];
  return [{ per: now.per, old: minus(now.old, mark.old), new: minus(now.new, mark.new) }];
};

const wentBack = (mark: DurationCounter, now: DurationCounter): boolean =>
  now.count < mark.count || now.sumSeconds < mark.sumSeconds;

const minus = (one: DurationCounter, other: DurationCounter): DurationCounter => ({
  count: one.count - other.count,
  sumSeconds: one.sumSeconds - other.sumSeconds,
});

const plus = (one: DurationCounter, other: DurationCounter): DurationCounter => ({
  count: one.count + other.count,
  sumSeconds: one.sumSeconds + other.sumSeconds,
});

const bothPlus = (one: Both, other: Both): Both => ({
  old: plus(one.old, other.old),
  new: plus(one.new, other.new),
});

/** The two measures are never added up. A picker has none per token before the first answer that says how many it was. */
const added = (sums: DurationSums, delta: TargetDurations): DurationSums => {
  if (delta.old.count === 0 && delta.new.count === 0) return sums;
  if (sums.per === 'token' && delta.per === 'request') return sums;
  const same = sums.per === delta.per ? sums : NO_DURATIONS;
  return { ...same, per: delta.per, ...bothPlus(same, delta), open: bothPlus(same.open, delta) };
};

/** With the open cell among the others, if it has enough of both. */
const closed = (sums: DurationSums): DurationSums => {
  const { open, means } = sums;
  if (open.old.count < CELL_ANSWERS_MIN || open.new.count < CELL_ANSWERS_MIN) return sums;
  const old = open.old.sumSeconds / open.old.count;
  const fresh = open.new.sumSeconds / open.new.count;
  return {
    ...sums,
    open: NEITHER,
    means: {
      cells: means.cells + 1,
      old: means.old + old,
      new: means.new + fresh,
      oldSquares: means.oldSquares + old ** 2,
      newSquares: means.newSquares + fresh ** 2,
      products: means.products + old * fresh,
    },
  };
};
