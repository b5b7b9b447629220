/**
 * Does an adapter have an effect? A server lists and answers one whose tensors fit no module of its model, and then answers
 * like the base model (vLLM does); names prove nothing. So a fixed text is given to both, and the log probabilities that
 * they give its tokens are compared: d = mean |logprob(adapter) − logprob(base)|. Where a server gives none for a prompt,
 * those of the tokens that it chooses itself have to do.
 */
import { at, fieldsOf, itemsOf, numberAt } from '../../../workflows/plans/fields.ts';
import type { Plan } from '../../../workflows/plans/plan.ts';
import { parseJson } from './served-models.ts';
import { type Completion, completeAll, type NotRight, type PodCheck } from './verify-asks.ts';

/** At most this far apart, two models are the same: hardware and batches make no larger difference. */
export const EFFECT_MIN = 0.02;

const TOKENS = 16;

/** Where the file has none of the adapter's own domain. */
const PROMPTS: readonly string[] = [
  'The food was fresh and the service was quick, but the soup came cold and we had to wait for it.',
  'Summarise the following ticket in one sentence: the printer on the second floor prints blank pages.',
  'SELECT name, price FROM products WHERE price > 100 ORDER BY name LIMIT 10;',
  'Dear customer, thank you for your patience. Your order has left our warehouse and will arrive on Tuesday.',
];

/** By adapter: its distance from the base model and, of a new version, from the old one. */
export type Effects = Readonly<
  Record<string, { readonly fromBase: number; readonly fromOld: number | null }>
>;

export type Measured =
  | { readonly kind: 'measured'; readonly effects: Effects; readonly asked: number }
  | NotRight;

const NOTHING: Measured = { kind: 'measured', effects: {}, asked: 0 };

/** The distances of the plan's adapters on a pod; of `only` where given. Nothing where the plan proves by name. */
export const effectsOn = async (
  check: PodCheck,
  plan: Plan,
  only?: { readonly adapters: readonly string[]; readonly base: string },
): Promise<Measured> => {
  const { adapter, verify } = plan;
  if (verify.effect?.mode !== 'required') return NOTHING;
  const base = only?.base ?? verify.effect.base;
  const effects: Record<string, { fromBase: number; fromOld: number | null }> = {};
  let asked = 0;
  for (const name of only?.adapters ?? (adapter === undefined ? verify.adapters : [adapter.to])) {
    const others = adapter === undefined ? [base] : [base, adapter.from];
    const prompts = promptsOf(plan, name);
    const answered = await completeAll(check, requestsOf([name, ...others], prompts));
    if (answered.kind !== 'answered') return answered;
    asked += answered.asked;
    const said = answered.bodies.map(logprobsOf);
    const of = (model: number): readonly (readonly number[])[] =>
      said.slice(model * prompts.length, (model + 1) * prompts.length);
    effects[name] = {
      fromBase: distance(of(0), of(1)),
      fromOld: adapter === undefined ? null : distance(of(0), of(2)),
    };
  }
  return { kind: 'measured', effects, asked };
};

const promptsOf = ({ verify, adapter }: Plan, name: string): readonly string[] => {
  const prompts = verify.effect?.prompts;
  const own = prompts?.[name] ?? (adapter === undefined ? undefined : prompts?.[adapter.alias]);
  return own === undefined || own.length === 0 ? PROMPTS : own;
};

const requestsOf = (models: readonly string[], prompts: readonly string[]): readonly Completion[] =>
  models.flatMap((model) =>
    prompts.map((prompt) => ({
      body: { model, prompt, max_tokens: TOKENS, temperature: 0, prompt_logprobs: 0, logprobs: 1 },
      code: 'verify-logprobs' as const,
      label: `completion with log probabilities of ${model}`,
      fault: (body: string) => (logprobsOf(body).length > 0 ? null : 'the answer has no log probabilities'),
    })),
  );

/** Of the prompt's own tokens, in their order (the first has none); else of the tokens that were chosen. */
const logprobsOf = (body: string): readonly number[] => {
  const choice = itemsOf(at(parseJson(body), 'choices'))[0];
  const ofPrompt = itemsOf(at(choice, 'prompt_logprobs')).flatMap((token) => {
    const [own] = Object.values(fieldsOf(token));
    const logprob = numberAt(own, 'logprob');
    return logprob === null ? [] : [logprob];
  });
  if (ofPrompt.length > 0) return ofPrompt;
  return itemsOf(at(choice, 'logprobs', 'token_logprobs')).filter((value) => typeof value === 'number');
};

/** Mean over all tokens of all prompts. Another number of tokens is another tokenizer, and as far as can be. */
const distance = (one: readonly (readonly number[])[], other: readonly (readonly number[])[]): number => {
  let sum = 0;
  let tokens = 0;
  for (const [index, values] of one.entries()) {
    const others = other[index] ?? [];
    if (others.length !== values.length) return Number.MAX_VALUE;
    for (const [position, value] of values.entries()) sum += Math.abs(value - (others[position] ?? 0));
    tokens += values.length;
  }
  return tokens === 0 ? 0 : sum / tokens;
};
