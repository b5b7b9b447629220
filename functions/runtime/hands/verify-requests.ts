/** The kinds of request that users send, and what a right answer to each looks like (shapes as vLLM 0.32 gives them). */
import { at, itemsOf, textAt } from '../../../workflows/plans/fields.ts';
import type { FindingCode } from '../../../workflows/plans/finding-codes.ts';
import { parseJson } from './served-models.ts';

export interface ProbeKind {
  readonly code: FindingCode;
  readonly label: string;
  readonly extra: Readonly<Record<string, unknown>>;
  /** What is wrong with the body of a 200; null when nothing is. */
  readonly fault: (body: string) => string | null;
}

const choiceFault = (body: string): string | null => {
  const choice = itemsOf(at(parseJson(body), 'choices'))[0];
  if (choice === undefined) return 'the answer has no choices';
  if (textAt(choice, 'text') === null) return 'the first choice has no text';
  return textAt(choice, 'finish_reason') === null ? 'the first choice has no finish_reason' : null;
};

const logprobsFault = (body: string): string | null => {
  const fault = choiceFault(body);
  if (fault !== null) return fault;
  const values = itemsOf(at(itemsOf(at(parseJson(body), 'choices'))[0], 'logprobs', 'token_logprobs'));
  return values.some((value) => typeof value === 'number') ? null : 'the answer has no log probabilities';
};

/** A stream that ends in an error object has status 200: it is read to its end. */
const streamFault = (body: string): string | null => {
  const events = body
    .split('\n')
    .map((line) => line.replace(/^data:\s*/, '').trim())
    .filter((line) => line !== '');
  if (events.at(-1) !== '[DONE]') return 'the stream does not end with [DONE]';
  const parsed = events.slice(0, -1).map(parseJson);
  const broken = parsed.find((event) => at(event, 'error') !== undefined);
  if (broken !== undefined)
    return `the stream ends in an error: ${textAt(broken, 'error', 'message') ?? 'no message'}`;
  return parsed.some((event) => itemsOf(at(event, 'choices')).length > 0)
    ? null
    : 'the stream has no choices';
};

/** Each kind compiles its own kernels at first use, so each is asked of each model. */
export const PROBES: readonly ProbeKind[] = [
  { code: 'verify-completion', label: 'plain completion', extra: {}, fault: choiceFault },
  { code: 'verify-stream', label: 'streamed completion', extra: { stream: true }, fault: streamFault },
  {
    code: 'verify-logprobs',
    label: 'completion with log probabilities',
    extra: { logprobs: 1 },
    fault: logprobsFault,
  },
];

export const COMPLETIONS_PATH = '/v1/completions';

/** Greedy and short: the answer's content does not matter. */
export const bodyOf = (model: string, kind: ProbeKind): Readonly<Record<string, unknown>> => ({
  model,
  prompt: 'The quick brown fox',
  max_tokens: 8,
  temperature: 0,
  ...kind.extra,
});
