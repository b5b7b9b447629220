import { type Figure, quantile, round, type Say } from '../figure.ts';

/** Milliseconds, measured in turn. */
export interface AlertTimes {
  readonly alert: readonly number[];
  readonly bare: readonly number[];
  readonly commit: readonly number[];
}

export const p99 = (values: readonly number[]): number => quantile(values, 0.99);
const p50 = (values: readonly number[]): number => quantile(values, 0.5);

/** `p50 5.1, p90 6.0, p99 9.3, at most 12.0 ms, n 300`. */
export const tail = (values: readonly number[]): string =>
  `p50 ${p50(values).toFixed(1)}, p90 ${quantile(values, 0.9).toFixed(1)}, p99 ${p99(values).toFixed(1)}, ` +
  `at most ${Math.max(...values).toFixed(1)} ms, n ${values.length}`;

export const sayTimes = (say: Say, { alert, bare, commit }: AlertTimes): void => {
  say(`alert at the function's URL to patch accepted: ${tail(alert)}`);
  say(`bare patch of a weight: ${tail(bare)}`);
  say(`commit of the store: ${tail(commit)}`);
};

/** @param prefix of the figures that stand beside it. @param server whose patch it is. */
export const alertFigures = (
  { alert, bare, commit }: AlertTimes,
  { prefix, server }: { readonly prefix: string; readonly server: string },
): readonly Figure[] => {
  const figure = (name: string, value: number, means: string): Figure => ({
    name,
    value: round(value, 2),
    unit: 'ms',
    means,
  });
  return [
    figure(
      'alert.to.written.p50',
      p50(alert),
      `push of an alert at the function on-alert to the old weights accepted by ${server}, n ${alert.length}`,
    ),
    figure('alert.to.written.p99', p99(alert), 'the same'),
    figure(`${prefix}.p50`, p50(bare), `the limit: a bare PATCH of a weight by the same server, in turn`),
    figure(`${prefix}.p99`, p99(bare), 'the same'),
    figure('alert.commit.p50', p50(commit), 'one commit of the store on the same disk, in turn'),
    figure('alert.commit.p99', p99(commit), 'the same'),
  ];
};
