import { type Fields, items, number, text } from './fields.ts';
import { hash32 } from './random.ts';

/** A completion that was asked for and may be answered. */
export interface Completion {
  readonly chat: boolean;
  readonly model: string;
  readonly prompt: string;
  readonly promptTokens: number;
  readonly outputTokens: number;
  readonly stream: boolean;
  readonly includeUsage: boolean;
  /** Top log probabilities per token; null: none asked for. */
  readonly logprobs: number | null;
  readonly promptLogprobs: boolean;
}

/** An answer with status 4xx, as vLLM words it. */
export interface Refusal {
  readonly status: number;
  readonly message: string;
  readonly type: string;
  readonly param: string | null;
}

const words = (value: string): number => value.split(/\s+/).filter((word) => word !== '').length;

function promptOf(body: Fields, chat: boolean): string | null {
  if (!chat) {
    const prompt = body['prompt'];
    return typeof prompt === 'string' ? prompt : Array.isArray(prompt) ? prompt.join(' ') : null;
  }
  if (!Array.isArray(body['messages'])) return null;
  return items(body['messages'])
    .map((message) => `${text(message['role']) ?? ''} ${text(message['content']) ?? ''}`)
    .join('\n');
}

const badRequest = (message: string, param: string | null): Refusal => ({
  status: 400,
  message,
  type: 'BadRequestError',
  param,
});

/** Reads a request's body as vLLM 0.32.0 does. */
export function readCompletion(
  body: Fields,
  chat: boolean,
  server: { readonly maxModelLen: number; readonly defaultModel: string },
): Completion | Refusal {
  const prompt = promptOf(body, chat);
  if (prompt === null) {
    const field = chat ? 'messages' : 'prompt';
    const message = `1 validation error:\n  {'type': 'missing', 'loc': 'body.${field}', 'msg': 'Field required'}`;
    return { status: 400, message, type: 'Bad Request', param: `body.${field}` };
  }
  const { maxModelLen } = server;
  // A chat template adds its own tokens.
  const promptTokens = Math.max(1, words(prompt)) + (chat ? 12 : 0);
  const outputTokens = number(body['max_tokens']) ?? number(body['max_completion_tokens']) ?? 16;
  if (outputTokens < 1)
    return badRequest(`max_tokens must be at least 1, got ${outputTokens}.`, 'max_tokens');
  if (outputTokens > maxModelLen) {
    const message = `max_tokens=${outputTokens} cannot be greater than max_model_len=${maxModelLen}.`;
    return badRequest(message, 'max_tokens');
  }
  if (promptTokens + outputTokens > maxModelLen) {
    const message = `This model's maximum context length is ${maxModelLen} tokens. However, your request has ${promptTokens} input tokens.`;
    return badRequest(message, 'input_tokens');
  }
  const asked = body['logprobs'];
  const top = number(body['top_logprobs']) ?? 0;
  return {
    chat,
    model: text(body['model']) ?? server.defaultModel,
    prompt,
    promptTokens,
    outputTokens,
    stream: body['stream'] === true,
    includeUsage: (body['stream_options'] as Fields | undefined)?.['include_usage'] === true,
    logprobs: typeof asked === 'number' ? asked : asked === true ? top : null,
    promptLogprobs: typeof body['prompt_logprobs'] === 'number',
  };
}

const VOCABULARY = [
  'the',
  'food',
  'was',
  'good',
  'and',
  'fresh',
  'we',
  'came',
  'back',
  'for',
  'more',
  'soup',
];

/** What a model says to a prompt: the same for the same weights, so `root` decides, not the server. */
interface Voice {
  token(index: number): string;
  logprob(index: number): number;
  /** Of a token among all. */
  rank(index: number): number;
}

function voiceOf(root: string, prompt: string): Voice {
  const at = (index: number, salt: string): number => hash32(`${root}\n${prompt}\n${index}\n${salt}`);
  return {
    token: (index) => ` ${VOCABULARY[at(index, 'token') % VOCABULARY.length] ?? ''}`,
    logprob: (index) => -0.05 - (at(index, 'logprob') % 100_000) / 25_000,
    rank: (index) => at(index, 'rank') % 1000,
  };
}

function logprobsOf(completion: Completion, voice: Voice): object | null {
  if (completion.logprobs === null) return null;
  const indexes = Array.from({ length: completion.outputTokens }, (_, index) => index);
  if (completion.chat) {
    const content = indexes.map((index) => {
      const token = { token: voice.token(index), logprob: voice.logprob(index), bytes: null };
      return { ...token, top_logprobs: (completion.logprobs ?? 0) > 0 ? [token] : [] };
    });
    return { content };
  }
  return {
    text_offset: indexes.map((index) => index),
    token_logprobs: indexes.map((index) => voice.logprob(index)),
    tokens: indexes.map((index) => voice.token(index)),
    top_logprobs: indexes.map((index) => ({ [voice.token(index)]: voice.logprob(index) })),
  };
}

function promptLogprobsOf(completion: Completion, voice: Voice): readonly unknown[] | null {
  if (!completion.promptLogprobs) return null;
  const said = completion.prompt.split(/\s+/).filter((word) => word !== '');
  return Array.from({ length: completion.promptTokens }, (_, index) =>
    index === 0
      ? null
      : {
          [String(300 + index)]: {
            logprob: voice.logprob(-index),
            rank: 1 + voice.rank(-index),
            // The prompt's own, whoever reads it.
            decoded_token: ` ${said[index] ?? ''}`,
          },
        },
  );
}

interface Envelope {
  readonly id: string;
  readonly created: number;
}

const usageOf = (completion: Completion): object => ({
  prompt_tokens: completion.promptTokens,
  total_tokens: completion.promptTokens + completion.outputTokens,
  completion_tokens: completion.outputTokens,
  prompt_tokens_details: null,
  completion_tokens_details: null,
});

/** What a plain server leaves empty. */
const EMPTY_CHOICE = { token_ids: null, prompt_token_ids: null, routed_experts: null };
const EMPTY_ANSWER = { kv_transfer_params: null, ec_transfer_params: null, metrics: null };

function whole(completion: Completion, voice: Voice, envelope: Envelope): string {
  const said = Array.from({ length: completion.outputTokens }, (_, index) => voice.token(index)).join('');
  const logprobs = logprobsOf(completion, voice);
  const ends = { logprobs, finish_reason: 'length', stop_reason: null };
  const choice = completion.chat
    ? { index: 0, message: { role: 'assistant', content: said }, ...ends }
    : {
        index: 0,
        text: said,
        ...ends,
        prompt_logprobs: promptLogprobsOf(completion, voice),
        ...EMPTY_CHOICE,
      };
  return JSON.stringify({
    ...envelope,
    object: completion.chat ? 'chat.completion' : 'text_completion',
    model: completion.model,
    choices: [choice],
    service_tier: null,
    system_fingerprint: 'vllm-0.32.0-simulated',
    usage: usageOf(completion),
    ...(completion.chat ? {} : EMPTY_ANSWER),
  });
}

function streamed(completion: Completion, voice: Voice, envelope: Envelope): string {
  const object = completion.chat ? 'chat.completion.chunk' : 'text_completion';
  const chunk = (rest: object): string =>
    `data: ${JSON.stringify({ ...envelope, object, model: completion.model, ...rest })}`;
  const lines: string[] = [];
  for (let index = 0; index < completion.outputTokens; index++) {
    const said = voice.token(index);
    const last = index === completion.outputTokens - 1;
    const content = completion.chat ? { delta: { content: said } } : { text: said };
    const choice = { index: 0, ...content, logprobs: null, finish_reason: last ? 'length' : null };
    lines.push(chunk({ choices: [choice] }));
  }
  if (completion.includeUsage) lines.push(chunk({ choices: [], usage: usageOf(completion) }));
  lines.push('data: [DONE]');
  return lines.join('\n');
}

/** Body of the answer: one JSON text, or the lines of the stream. `root` names the weights that answer. */
export function answerCompletion(
  completion: Completion,
  root: string,
  serial: number,
  nowMs: number,
): string {
  const voice = voiceOf(root, completion.prompt);
  const id = `${completion.chat ? 'chatcmpl' : 'cmpl'}-${hash32(`${serial}`).toString(16).padStart(16, '0')}`;
  const envelope = { id, created: Math.floor(nowMs / 1000) };
  return completion.stream ? streamed(completion, voice, envelope) : whole(completion, voice, envelope);
}

/** A stream that the server breaks off: status 200, an error object, and the end mark. */
export function brokenStream(): string {
  const error = {
    message: 'EngineCore encountered an issue.',
    type: 'InternalServerError',
    param: null,
    code: 500,
  };
  return `data: ${JSON.stringify({ error })}\ndata: [DONE]`;
}
