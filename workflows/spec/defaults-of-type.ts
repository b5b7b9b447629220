import type { RolloutSpec } from './rollout-spec.ts';

/** Defaults that depend on what is rolled out, as one would write them in the file. */
interface DefaultsOfType {
  readonly ladder: readonly { readonly share: number; readonly bake: string; readonly approval?: true }[];
  /** Of `pacing.warmUp`. */
  readonly warmUp: string;
  /** Of `pacing.extendFactor`. */
  readonly extendFactor: number;
  /** Of `retention.old`. */
  readonly retention: string;
}

/**
 * A share of 1 shows errors of wiring at once and costs little; 5 is enough requests to tell an error ratio of
 * 1 % from 3 %; 50 is the first comparison under the same load. Figures do not see a model's quality: somebody is
 * asked before a quarter of the users gets a new one. A new version of an adapter is on warm pods at once, but few
 * requests ask for it: its rungs are short, and may become long.
 */
export const DEFAULTS_OF_TYPE: Readonly<Record<RolloutSpec['type'], DefaultsOfType>> = {
  node: {
    ladder: [
      { share: 1, bake: '10m' },
      { share: 5, bake: '10m' },
      { share: 25, bake: '15m' },
      { share: 50, bake: '30m' },
      { share: 100, bake: '1h' },
    ],
    warmUp: '3m',
    extendFactor: 6,
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
    extendFactor: 6,
    retention: '72h',
  },
  adapter: {
    ladder: [
      { share: 5, bake: '10m' },
      { share: 25, bake: '10m' },
      { share: 50, bake: '15m' },
      { share: 100, bake: '30m' },
    ],
    warmUp: '1m',
    extendFactor: 12,
    retention: '24h',
  },
};
