import type { MetricSample } from '../../workflows/ports.ts';

/** What a family is, as its page says. Source: vLLM 0.32.0's /metrics. */
const FAMILIES: Readonly<Record<string, readonly [type: 'counter' | 'gauge' | 'histogram', help: string]>> = {
  http_requests_total: ['counter', 'Total number of requests by method, status and handler.'],
  'vllm:num_requests_running': ['gauge', 'Number of requests in model execution batches.'],
  'vllm:num_requests_waiting': ['gauge', 'Number of requests waiting to be processed.'],
  'vllm:kv_cache_usage_perc': ['gauge', 'KV-cache usage. 1 means 100 percent usage.'],
  'vllm:request_success_total': ['counter', 'Count of successfully processed requests.'],
  'vllm:time_to_first_token_seconds': ['histogram', 'Histogram of time to first token in seconds.'],
  'vllm:prompt_tokens_total': ['counter', 'Number of prefill tokens processed.'],
  'vllm:lora_requests_info': ['gauge', 'Running stats on lora requests.'],
  inference_objective_request_duration_seconds: [
    'histogram',
    '[ALPHA] Inference objective response latency distribution in seconds for each model and target model.',
  ],
  inference_objective_normalized_time_per_output_token_seconds: [
    'histogram',
    '[ALPHA] Inference objective latency divided by number of output tokens in seconds for each model and target model.',
  ],
  inference_objective_request_total: [
    'counter',
    '[ALPHA] Counter of inference objective requests broken out for each model and target model.',
  ],
  'vllm:generation_tokens_total': ['counter', 'Number of generation tokens processed.'],
};

const PART = /_(?:bucket|count|sum)$/;

const familyOf = (name: string): string => (name in FAMILIES ? name : name.replace(PART, ''));

const escaped = (value: string): string =>
  value.replaceAll('\\', '\\\\').replaceAll('"', '\\"').replaceAll('\n', '\\n');

/** As Python's client writes floats. */
const figure = (value: number): string =>
  Number.isInteger(value) && Math.abs(value) < 1e15 ? `${value}.0` : String(value);

function line({ name, labels, value }: MetricSample): string {
  const pairs = Object.entries(labels).map(([key, label]) => `${key}="${escaped(label)}"`);
  return `${name}${pairs.length === 0 ? '' : `{${pairs.join(',')}}`} ${figure(value)}`;
}

/** Samples as a metrics page. Source: Prometheus, text exposition format. */
export function prometheusText(samples: readonly MetricSample[]): string {
  const lines: string[] = [];
  const told = new Set<string>();
  for (const sample of samples) {
    const family = familyOf(sample.name);
    if (!told.has(family)) {
      told.add(family);
      const [type, help] = FAMILIES[family] ?? ['gauge', ''];
      lines.push(`# HELP ${family} ${help}`, `# TYPE ${family} ${type}`);
    }
    lines.push(line(sample));
  }
  return `${lines.join('\n')}\n`;
}
