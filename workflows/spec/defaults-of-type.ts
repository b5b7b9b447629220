/** Defaults that depend on what is rolled out, as one would write them in the file. */
interface DefaultsOfType {
  readonly ladder: readonly { readonly share: number; readonly bake: string; readonly approval?: true }[];
  /** Of `pacing.warmUp`. */
  readonly warmUp: string;
  /** Of `retention.old`. */
  readonly retention: string;
}

/**
 * A share of 1 shows errors of wiring at once and costs little; 5 is enough requests to tell an error ratio of
 * 1 % from 3 %; 50 is the first comparison under the same load. Figures do not see a model's quality: somebody is
 * asked before a quarter of the users gets a new one.
 */
export const DEFAULTS_OF_TYPE: Readonly<Record<'node' | 'baseModel', DefaultsOfType>> = {
  node: {
    ladder: [
      { share: 1, bake: '10m' },
      { share: 5, bake: '10m' },
      { share: 25, bake: '15m' },
      { share: 50, bake: '30m' },
      { share: 100, bake: '1h' },
    ],
    warmUp: '3m',
    retention: '24h',
  },
  baseModel: {
    ladder: [
      { share: 1, bake: '30m' },
      { share: 5, bake: '30m' },
      { share: 10, bake: '30m' },
      { share: 25, bake: '1h', approval: true },
      { share: 50, bake: '1h' },
      { share: 100, bake: '4h' },
    ],
    warmUp: '5m',
    retention: '72h',
  },
};
