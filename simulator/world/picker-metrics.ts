import type { MetricSample } from '../../workflows/ports.ts';
import type { Pod } from './pod.ts';
import { prometheusText } from './prometheus-text.ts';
import type { PickerCount } from './requests-by-name.ts';

/** The metric families of the endpoint picker 1.5.0 that the world computes. */
export const PICKER_FAMILIES = [
  'inference_objective_request_total',
  'inference_objective_request_duration_seconds',
  'inference_objective_normalized_time_per_output_token_seconds',
] as const;

const UNAUTHORIZED = 'Unauthorized';

/** What the picker's process has counted. What a model server answered is no error to it. */
export function pickerSamples(pod: Pod, families: readonly string[]): readonly MetricSample[] {
  const found: MetricSample[] = [];
  const asked = (family: (typeof PICKER_FAMILIES)[number]): boolean => families.includes(family);
  const counts = [...pod.counted.values()];
  if (asked('inference_objective_request_total')) {
    for (const { asked: model_name, target: target_model_name, requests: value } of counts)
      found.push({
        name: 'inference_objective_request_total',
        labels: { model_name, priority: '0', target_model_name },
        value,
      });
  }
  const meanOf = (
    name: (typeof PICKER_FAMILIES)[number],
    valuesOf: (count: PickerCount) => readonly [sum: number, count: number],
  ): void => {
    if (!asked(name)) return;
    for (const one of counts) {
      const labels = { model_name: one.asked, target_model_name: one.target };
      const [sum, count] = valuesOf(one);
      // A series begins with its first value.
      if (count === 0) continue;
      found.push({ name: `${name}_sum`, labels, value: sum });
      found.push({ name: `${name}_count`, labels, value: count });
    }
  };
  meanOf('inference_objective_request_duration_seconds', ({ seconds, requests }) => [seconds, requests]);
  meanOf(
    'inference_objective_normalized_time_per_output_token_seconds',
    ({ secondsPerToken, withTokens }) => [secondsPerToken, withTokens],
  );
  return found;
}

/** A picker's metrics want a token, and the API server takes the caller's away. */
export function pickerPage(pod: Pod): { readonly status: number; readonly body: string } {
  if (pod.role.kind !== 'picker') return { status: 200, body: '' };
  if (pod.role.metricsAuth) return { status: 401, body: UNAUTHORIZED };
  return { status: 200, body: prometheusText(pickerSamples(pod, PICKER_FAMILIES)) };
}
