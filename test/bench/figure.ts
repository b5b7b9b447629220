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

/** The result, on standard output: a table for people, or `[{name, value, unit}]`. */
export const printFigures = (
  figures: readonly Figure[],
  { json, aims }: { readonly json: boolean; readonly aims: Readonly<Record<string, string>> },
): void => {
  if (json) {
    console.log(JSON.stringify(figures.map(({ name, value, unit }) => ({ name, value, unit }))));
    return;
  }
  const nameWidth = Math.max(...figures.map(({ name }) => name.length));
  for (const { name, value, unit, means } of figures) {
    const aim = aims[name] === undefined ? '' : `[${aims[name]}]`;
    console.log(`${name.padEnd(nameWidth)}  ${`${value} ${unit}`.padStart(12)}  ${aim.padEnd(8)}  ${means}`);
  }
};
