/** One figure of the bench, with what is divided by what. */
export interface Figure {
  readonly name: string;
  readonly value: number;
  readonly unit: string;
  /** What is in it, for the reader of the table. */
  readonly means: string;
}

/** Progress and details, for people: never on standard output. */
export type Say = (line: string) => void;

export const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);

/** Value below which a part (0 to 1) of the values lies; no interpolation. */
export const quantile = (values: readonly number[], part: number): number =>
  values.toSorted((one, other) => one - other)[Math.floor((values.length - 1) * part)] ?? Number.NaN;

export const median = (values: readonly number[]): number => quantile(values, 0.5);

export const round = (value: number, digits = 3): number => Number(value.toFixed(digits));

/** `p50 5.1, from 4.2 to 9.3`. */
export const spread = (values: readonly number[], digits = 2): string =>
  `p50 ${median(values).toFixed(digits)}, from ${Math.min(...values).toFixed(digits)} to ${Math.max(...values).toFixed(digits)}, n ${values.length}`;
