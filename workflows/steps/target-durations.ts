/**
 * How long answers of both versions of an adapter took, out of an endpoint picker's metrics: the only figures that are
 * kept by target. Only requests for the alias count, for only they are divided between the two by chance.
 */
import type { MetricSample } from '../ports.ts';
import type { TargetDurations } from './observation.ts';

type Per = TargetDurations['per'];

/** The first that a page has counts: llm-d's picker shows the same figures under both names. */
const FAMILIES: readonly (readonly [family: string, per: Per])[] = [
  ['llm_d_epp_request_ntpot_seconds', 'token'],
  ['inference_objective_normalized_time_per_output_token_seconds', 'token'],
  ['llm_d_epp_request_duration_seconds', 'request'],
  ['inference_objective_request_duration_seconds', 'request'],
];

/** What the look of a full minute asks pickers for. */
export const DURATION_FAMILIES: readonly string[] = FAMILIES.map(([family]) => family);

export interface TargetNames {
  readonly alias: string;
  readonly from: string;
  readonly to: string;
}

/** Sums of thousands of these are still exact; beyond is no count of anything, and no time either. */
const VALUE_MAX = 1e12;

const isValue = (value: number): boolean => value >= 0 && value <= VALUE_MAX;

/** null where the page has none of the figures, or one that no counter has. */
export const targetDurations = (
  samples: readonly MetricSample[],
  names: TargetNames,
): TargetDurations | null => {
  for (const [family, per] of FAMILIES) {
    const found = samples.filter(
      ({ name, labels }) =>
        (name === `${family}_sum` || name === `${family}_count`) && labels['model_name'] === names.alias,
    );
    if (found.length === 0) continue;
    if (!found.every(({ value }) => isValue(value))) return null;
    const of = (target: string) => ({
      count: sumOf(found, `${family}_count`, target),
      sumSeconds: sumOf(found, `${family}_sum`, target),
    });
    return { per, old: of(names.from), new: of(names.to) };
  }
  return null;
};

const sumOf = (samples: readonly MetricSample[], name: string, target: string): number =>
  samples.reduce(
    (sum, sample) =>
      sample.name === name && sample.labels['target_model_name'] === target ? sum + sample.value : sum,
    0,
  );
